//! Package URLs, as far as node ids need them: `pkg:type/namespace/name@version`.

/// The package URL of one version; `name` may hold a namespace (`@scope/name`).
pub(crate) fn of(kind: &str, name: &str, version: Option<&str>) -> String {
    let name = name.replace('@', "%40");
    version.map_or_else(|| format!("pkg:{kind}/{name}"), |at| format!("pkg:{kind}/{name}@{at}"))
}

/// The ecosystem: `cargo` of `pkg:cargo/serde@1.0.1`.
pub(crate) fn kind(purl: &str) -> Option<&str> {
    let (kind, _) = purl.strip_prefix("pkg:")?.trim_start_matches('/').split_once('/')?;
    (!kind.is_empty()).then_some(kind)
}

/// The package URL without version, qualifiers and subpath.
pub(crate) fn without_version(purl: &str) -> &str {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    let name = purl[..end].trim_end_matches('/');
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    match name[last..].rfind('@') {
        Some(at) if at > 0 => &name[..last + at],
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_off_and_scopes_stay() {
        assert_eq!(without_version("pkg:cargo/serde@1.0.1"), "pkg:cargo/serde");
        assert_eq!(
            without_version("pkg:npm/%40babel/core@7.0.0?arch=x#lib"),
            "pkg:npm/%40babel/core"
        );
        assert_eq!(without_version("pkg:npm/@babel/core@7.0.0"), "pkg:npm/@babel/core");
        assert_eq!(without_version("pkg:npm/@babel/core"), "pkg:npm/@babel/core");
        assert_eq!(without_version(""), "");
        assert_eq!(of("npm", "@babel/core", Some("7.0.0")), "pkg:npm/%40babel/core@7.0.0");
        assert_eq!(kind("pkg:githubactions/actions/checkout@v4"), Some("githubactions"));
        assert_eq!(kind("serde"), None);
    }
}
