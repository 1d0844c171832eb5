//! Whatever is packed comes back; whatever else comes in does no harm.

use crate::common::{NOW, full_package, least, least_files, manifest, signer};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
};
use webx_wxa::{Draft, Host, Manifest, Package, PermissionKey};

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..2000),
        (any::<u8>(), 0..200_000_usize).prop_map(|(byte, length)| vec![byte; length]),
        "[a-e ]{0,3000}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_files_are_read_back_as_they_were(files in btree_map("(x[0-9a-zäöü]{1,8}/){0,3}y[0-9a-zéñ日本]{1,12}(\\.[a-z]{1,4})?", content(), 0..20)) {
        let all: Vec<_> = least_files().into_iter().chain(files).collect();
        if let Ok(draft) = Draft::new(manifest(&least()), all.clone()) {
            let bytes = draft.sign(&signer(), NOW).unwrap();
            let package = Package::open(&bytes, NOW).unwrap();
            prop_assert_eq!(package.entries().count(), all.len() + 1);
            for (path, content) in &all {
                prop_assert_eq!(&package.read_all(path).unwrap(), content);
            }
        }
    }

    #[test]
    fn mangled_packages_are_refused(cuts in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4)) {
        let good = full_package();
        let mut bad = good.clone();
        for (from, to, at) in cuts {
            // Copies a piece of the package over or into another place of it.
            let (from, to) = (from.index(bad.len()), to.index(bad.len()));
            let piece = bad[from.min(to)..from.max(to)].to_vec();
            let at = at.index(bad.len());
            let end = (at + piece.len() / 2).min(bad.len());
            bad.splice(at..end, piece);
        }
        if bad != good {
            prop_assert!(Package::open(&bad, NOW).is_err());
        }
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..400)) {
        let _ = Package::open(&bytes, NOW);
        let _ = Manifest::parse(&bytes);
    }

    #[test]
    fn any_text_is_a_key_or_not(text in "(network|storage|identity|services|system|notify)?:?[a-z0-9.*:-]{0,40}") {
        if let Ok(key) = text.parse::<PermissionKey>() {
            let permission = key.permission().unwrap();
            prop_assert_eq!(permission.keys(), vec![key]);
            prop_assert_eq!(permission.pieces(), vec![permission]);
        }
        if let Ok(host) = text.parse::<Host>() {
            prop_assert!(host.wildcard() || host.covers(&text));
        }
    }
}
