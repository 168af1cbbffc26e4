//! The kinds of events there are, and whether somebody may wish for them.

use crate::base::error::{Error, Result};
use crate::base::nearest::nearest;
use crate::base::unseen::shown;

/// Every kind of event of the program, with a sentence.
#[derive(Clone, Debug, Default)]
pub struct Kinds(pub Vec<(&'static str, &'static str)>);

impl Kinds {
    /// # Errors
    /// `unknown_kind`: whoever waits for a kind that does not exist waits for ever.
    pub fn require(&self, wanted: &[String]) -> Result<()> {
        let is_known = |wanted: &String| match wanted.strip_suffix('*') {
            Some(start) => self.0.iter().any(|(kind, _)| kind.starts_with(start)),
            None => self.0.iter().any(|(kind, _)| kind == wanted),
        };
        let Some(unknown) = wanted.iter().find(|wanted| !is_known(wanted)) else { return Ok(()) };
        let all: Vec<&str> = self.0.iter().map(|(kind, _)| *kind).collect();
        let shown = shown(unknown, 40);
        let near = nearest(&shown, &all).map(|near| format!(" Did you mean {near}?"));
        let text = format!("There are no events of the kind “{shown}”.{}", near.unwrap_or_default());
        Err(Error::invalid("unknown_kind", text))
    }
}
