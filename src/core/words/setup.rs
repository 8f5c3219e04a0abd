//! Sentences about what keeps the app from starting.

/// There is no answer from a file's address.
pub fn silent(file: &str, url: &str) -> String {
    format!("{file} could not be loaded: there is no answer from {url}.")
}

/// The server answered a request for a file with this status.
pub fn refused(file: &str, url: &str, status: u16) -> String {
    format!("{file} could not be loaded: the server answered {status} for {url}.")
}

/// There is no configuration file; `problem` is what was wrong with the first one.
pub fn missing(problem: &str, others: &[&str]) -> String {
    format!("{problem} Nor is there {}.", others.join(" or "))
}

/// These files are wrong, for this reason.
pub fn wrong(files: &str, problem: &str) -> String {
    format!("{files}: {problem}.")
}

/// Between the names of two files, the first of which extends the second.
pub const WITH: &str = " with ";

pub const NO_RANDOMNESS: &str = "This browser has no secure randomness.";
