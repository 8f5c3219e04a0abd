//! The stored conversations: in a panel beside the shown one if there is room, otherwise in a drawer over it.

mod entries;
mod entry;
mod files;
mod panel;
mod panel_state;
mod search;

pub use panel::HistoryPanel;
pub use panel_state::PanelState;
