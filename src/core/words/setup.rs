//! What keeps the app from starting.

/// Nothing answers at a file's address.
pub fn silent(file: &str, url: &str) -> String {
    format!("{file} could not be loaded: nothing answers at {url}.")
}

/// The server answers a request for a file with this status.
pub fn refused(file: &str, url: &str, status: u16) -> String {
    format!("{file} could not be loaded: the server answered {status} for {url}.")
}

/// No file of a configuration is there; `problem` is what was wrong with the first.
pub fn missing(problem: &str, others: &[&str]) -> String {
    format!("{problem} Nor is there {}.", others.join(" or "))
}

/// What is wrong in these files.
pub fn wrong(files: &str, problem: &str) -> String {
    format!("{files}: {problem}.")
}

/// Of two files, one of which extends the other.
pub const WITH: &str = " with ";

pub const NO_RANDOMNESS: &str = "This browser has no secure randomness.";
