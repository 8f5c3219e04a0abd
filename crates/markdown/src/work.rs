//! Counts the work done, so that the tests can prove that it is linear.

/// Bytes looked at and tokens visited. It stays at zero outside the tests.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Work {
    pub(crate) bytes: u64,
    pub(crate) tokens: u64,
}

impl Work {
    /// Counts bytes that were looked at.
    pub(crate) fn saw(&mut self, bytes: usize) {
        if cfg!(test) {
            self.bytes += bytes as u64;
        }
    }

    /// Counts one token that was visited.
    pub(crate) fn visited(&mut self) {
        if cfg!(test) {
            self.tokens += 1;
        }
    }

    pub(crate) fn add(&mut self, more: Work) {
        if cfg!(test) {
            self.bytes += more.bytes;
            self.tokens += more.tokens;
        }
    }
}
