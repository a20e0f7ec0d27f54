//! One name per repository, whatever address a file uses.
//!
//! A repository on GitHub is named `owner/name`; on any other host
//! `host/owner/name`. All in lower case, as GitHub itself ignores case.

/// The canonical name of a repository address.
///
/// Scheme, user, `www.`, `github.com`, `.git`, query, fragment, `/tree/…` and
/// trailing slashes come off. Text that is no address, such as the source
/// `ethereum` of a published graph, is only trimmed and lower-cased.
/// Applying it twice changes nothing.
pub fn canonical_repo(address: &str) -> String {
    let mut name = address.trim().to_ascii_lowercase();
    loop {
        let shorter = shorten(&name);
        if shorter == name {
            return name;
        }
        name = shorter;
    }
}

/// One round of shortening a lower-case address.
fn shorten(address: &str) -> String {
    let address = address.trim().split(['?', '#']).next().unwrap_or_default();
    let (had_scheme, rest) = match address.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (false, address),
    };
    let rest = rest
        .strip_prefix("pkg:github/")
        .map_or(rest, |name| name.split_once('@').map_or(name, |(name, _version)| name));
    let rest = rest.strip_prefix("github:").unwrap_or(rest);
    let rest = without_user(rest, had_scheme);
    let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
    let Some(first) = segments.next() else { return String::new() };
    let first = first.strip_prefix("www.").unwrap_or(first);
    let segments: Vec<&str> = segments.collect();
    if first == "github.com" && !segments.is_empty() {
        return without_git(&segments[..segments.len().min(2)].join("/"));
    }
    let mut parts = vec![first];
    parts.extend(segments);
    // A first part with a dot is a host: owners on GitHub cannot hold one.
    let owner = usize::from(first.contains('.'));
    let views = ["tree", "blob", "-", "commit", "releases", "src"];
    let view = parts.iter().skip(owner + 2).position(|part| views.contains(part));
    parts.truncate(view.map_or(parts.len(), |at| owner + 2 + at));
    without_git(&parts.join("/"))
}

/// `git@host:owner/name` and `user@host/owner/name` as `host/owner/name`.
fn without_user(rest: &str, had_scheme: bool) -> String {
    let (head, tail) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, host) = head.split_once('@').unwrap_or(("", head));
    if !had_scheme && (user.is_empty() || !host.contains(':')) {
        return rest.to_owned();
    }
    let host = match host.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
        _ => host.replacen(':', "/", 1),
    };
    format!("{host}/{tail}")
}

/// Drops `.git`, and the `@revision` that SPDX locations end in.
fn without_git(name: &str) -> String {
    let name = name.trim_end_matches('/');
    let last = name.rfind('/').map_or(name.len(), |slash| slash + 1);
    let end = name[last..].find('@').filter(|&at| at > 0).map_or(name.len(), |at| last + at);
    name[..end].trim_end_matches(".git").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_one_repository_agree() {
        for address in [
            "https://github.com/Serde-rs/Serde",
            "git+https://github.com/serde-rs/serde.git#abc",
            "git@github.com:serde-rs/serde.git",
            "https://github.com/serde-rs/serde/tree/master/serde",
            "serde-rs/serde",
        ] {
            assert_eq!(canonical_repo(address), "serde-rs/serde", "{address}");
        }
    }
}
