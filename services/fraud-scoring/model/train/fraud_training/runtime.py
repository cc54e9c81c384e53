"""ONNX Runtime, which serves the model."""

import numpy as np
import onnxruntime


class Runtime:
    """A loaded model."""

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Probabilities of fraud."""
        rows = np.ascontiguousarray(x, np.float32)
        return self.session.run(["score"], {"features": rows})[0][:, 0].astype(np.float64)
