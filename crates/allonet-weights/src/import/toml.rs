//! TOML lock files, refused with positions.

use serde::de::DeserializeOwned;

use super::text::Text;
use super::{ImportError, shown};

/// A whole text as a value.
pub(super) fn parse<T: DeserializeOwned>(text: &Text) -> Result<T, ImportError> {
    toml::from_str(text.content).map_err(|error: toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        let expected = format!("the shape of {}", text.format);
        let hint = "check that the file is of this format and complete; write it again with \
                    the tool it belongs to";
        text.refuse(offset, &shown(error.message()), &expected, hint)
    })
}
