//! Child processes that end when this program ends, together with everything they started.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

/// A shell script: runs its arguments from the second on, and ends with the same status. Its standard input closes when this program ends,
/// for whatever reason. It then removes the folder that its first argument names, if any, and kills its process group. So nothing is left
/// behind by Ctrl-C, by kill -9, or by a test that ends without running destructors.
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
    /// Kept apart from the child, because `wait` would close it.
    input: Option<ChildStdin>,
}

impl Group {
    /// A command for [`Group::spawn`]. Its standard input is empty.
    pub fn command(program: impl AsRef<OsStr>) -> Command {
        Self::command_in(Path::new(""), program)
    }

    /// The same, but `folder` is removed if this program ends without removing it.
    pub(crate) fn command_in(folder: &Path, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", GUARD, "signet-guard"]).arg(folder).arg(program).stdin(Stdio::piped());
        command
    }

    /// Starts the command in a process group of its own, so that a Ctrl-C in the terminal does not reach it: only this program ends it.
    ///
    /// # Errors
    /// The system cannot start a process. A missing program is no error here: it ends at once with status 127.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut guard = command.process_group(0).spawn()?;
        let input = guard.stdin.take();
        let id = guard.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Ok(Self { guard, id, input })
    }

    /// The standard error of the program and of everything it starts, if the command pipes it. Later calls return `None`.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.guard.stderr.take()
    }

    /// Waits until the program ends.
    ///
    /// # Errors
    /// The system cannot tell how it ended.
    pub async fn exited(&mut self) -> io::Result<ExitStatus> {
        self.guard.wait().await
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.input.take());
        // The group may outlive its leader, so it is killed even if the leader has ended. If nothing is left of it, that is fine.
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

    /// A program and a grandchild that both hold the returned pipe: it closes when both are gone.
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
    async fn the_folder_is_removed_when_the_parent_ends() {
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
    async fn a_group_ends_when_its_parent_ends() {
        let (mut group, mut output) = with_a_grandchild().await;
        // This is what happens when the parent dies without running destructors.
        drop(group.input.take());
        group.id = None;
        assert_eq!(output.read(&mut [0]).await.unwrap(), 0);
    }
}
