//! The page. Natively there is none.
fn main() {}
