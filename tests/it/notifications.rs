//! Merchants are told by signed webhooks, and customers by e-mail, whatever breaks meanwhile.
//!
//! | module | answers |
//! |---|---|
//! | [`webhooks`] | order, signatures, retries, endpoints that are given up, replay |
//! | [`losses`] | Redis flushed, the service killed |
//! | [`letters`] | e-mail at a real mail server, and that nobody is named in a log |
//! | [`receiver`], [`mail_server`] | who is told |
//! | [`office`] | a shop with the service in it |

mod letters;
mod losses;
mod mail_server;
mod office;
mod receiver;
mod webhooks;
