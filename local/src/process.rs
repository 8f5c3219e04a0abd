//! Child processes that end when we end, with everything that they started.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

/// Runs its arguments but the first and ends as they do. When its standard input ends, which is when we are gone, however we went, it
/// removes the folder that the first names, if any, and kills its process group: a Ctrl-C, a test that ends without its destructors, and
/// kill -9 leave nothing behind.
const GUARD: &str = r#"
exec 3<&0
folder=$1; shift
"$@" </dev/null 3<&- & child=$!
(read -r _ <&3; [ -z "$folder" ] || rm -rf "$folder"; kill -KILL 0) &
wait "$child"
"#;

/// A child process and everything it started, as one process group. Dropping it kills them all.
#[derive(Debug)]
pub struct Group {
    guard: Child,
    id: Option<Pid>,
    /// Kept apart from the child, whose `wait` would close it.
    input: Option<ChildStdin>,
}

impl Group {
    /// A command for [`Group::spawn`]. Its standard input is empty.
    pub fn command(program: impl AsRef<OsStr>) -> Command {
        Self::command_in(Path::new(""), program)
    }

    /// The same for a program whose `folder` is to be removed if we end without removing it.
    pub(crate) fn command_in(folder: &Path, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARD, "signet-guard"]).arg(folder).arg(program).stdin(Stdio::piped());
        command
    }

    /// Starts the command in a process group of its own, so that a Ctrl-C in the terminal does not reach it: only we end it.
    ///
    /// # Errors
    /// The system has no room for a process. A missing program ends at once with status 127.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut guard = command.process_group(0).spawn()?;
        let input = guard.stdin.take();
        let id = guard.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { guard, id, input })
    }

    /// The standard error of the program and of everything it starts, if the command pipes it. `None` from the second call on.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.guard.stderr.take()
    }

    /// Waits until the program ends.
    ///
    /// # Errors
    /// The system cannot say how it ended.
    pub async fn exited(&mut self) -> io::Result<ExitStatus> {
        self.guard.wait().await
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.input.take());
        // The group may outlive its leader, so it is killed even if the leader has ended. None left is no error.
        if let Some(id) = self.id {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

    #[tokio::test]
    async fn a_program_ends_with_its_own_status() {
        let status = Group::spawn(Group::command("sh").args(["-c", "exit 3"])).unwrap().exited().await.unwrap();
        assert_eq!(status.code(), Some(3));
    }

    /// A program and a grandchild that both hold the pipe we read: it ends when both are gone.
    async fn with_a_grandchild() -> (Group, BufReader<tokio::process::ChildStdout>) {
        let mut command = Group::command("sh");
        command.args(["-c", "sleep 600 & echo started; wait"]).stdout(Stdio::piped());
        let mut group = Group::spawn(&mut command).unwrap();
        let mut output = BufReader::new(group.guard.stdout.take().unwrap());
        output.read_line(&mut String::new()).await.unwrap();
        (group, output)
    }

    #[tokio::test]
    async fn dropping_a_group_ends_the_grandchildren_too() {
        let (group, mut output) = with_a_grandchild().await;
        drop(group);
        assert_eq!(output.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn the_end_of_its_parent_removes_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Group::command_in(folder.path(), "sleep");
        let mut group = Group::spawn(command.arg("600").stdout(Stdio::piped())).unwrap();
        let mut output = group.guard.stdout.take().unwrap();
        drop(group.input.take());
        group.id = None;
        assert_eq!(output.read(&mut [0]).await.unwrap(), 0);
        assert!(!folder.path().exists());
    }

    #[tokio::test]
    async fn the_end_of_its_parent_ends_a_group() {
        let (mut group, mut output) = with_a_grandchild().await;
        // What the system does to us when we die without a destructor.
        drop(group.input.take());
        group.id = None;
        assert_eq!(output.read(&mut [0]).await.unwrap(), 0);
    }
}
