use super::*;

const SETTINGS: Settings = Settings { seed: 5, days: 3, customers: 60 };
const LENGTH: usize = 31 + 4 * vector::LEN;

#[test]
fn equal_settings_write_equal_files() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&one, &other] {
        write(folder.path(), SETTINGS, |_| {}).unwrap();
    }
    for name in ["rows.bin", "table.json"] {
        let read = |folder: &tempfile::TempDir| std::fs::read(folder.path().join(name)).unwrap();
        assert!(read(&one) == read(&other), "{name}");
    }
}

#[test]
fn a_row_holds_the_order_its_label_and_what_the_service_saw() {
    let folder = tempfile::tempdir().unwrap();
    let header = write(folder.path(), SETTINGS, |_| {}).unwrap();
    let bytes = std::fs::read(folder.path().join("rows.bin")).unwrap();
    let rows: Vec<&[u8]> = bytes.chunks(LENGTH).collect();
    assert_eq!(rows.len() as u64, header.rows);
    assert_eq!(header.orders.values().sum::<u64>(), header.rows);

    let mut memory = Memory::default();
    for (row, placed) in rows.into_iter().zip(Simulation::new(SETTINGS)) {
        let seen = memory.see(&placed.order);
        let whole = |at: usize| i64::from_le_bytes(row[at..at + 8].try_into().unwrap());
        let real = |at: usize| f32::from_le_bytes(row[at..at + 4].try_into().unwrap());
        assert_eq!(whole(0), placed.order.placed_at.as_microsecond());
        assert_eq!(whole(8), placed.reported_at.map_or(i64::MAX, |at| at.as_microsecond()));
        assert_eq!((whole(16), real(24)), (placed.order.total, seen.rules as f32));
        assert_eq!(row[28] > 0, placed.fraud.is_some());
        for (index, number) in seen.vector.into_iter().enumerate() {
            assert_eq!(real(31 + 4 * index).to_bits(), number.to_bits());
        }
    }
}
