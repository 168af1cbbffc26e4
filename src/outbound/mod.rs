//! What leaves the house: engines that know no feature.

pub mod certificates;
mod dial;
pub mod mailbox;
pub mod s3;
pub mod smtp;
pub mod target;
pub mod webhooks;
