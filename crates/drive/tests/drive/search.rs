//! Names are found, indexed or not.

use crate::common::{ROOT, World};
use webx_drive::{ImportItem, OnConflict};

#[test]
fn a_search_is_exact_at_once_and_stays_so() {
    let world = World::new();
    let folder = world.mkdir(ROOT, "Rechnungen 2026");
    world.put(folder.id, "Café Müller.pdf", b"");
    world.put(folder.id, "müller invoice.txt", b"");
    let other = world.put(ROOT, "nothing", b"");
    let find = |query: &str| {
        let hits = world.drive.search(query, 10).unwrap();
        hits.into_iter().map(|hit| hit.path).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        assert_eq!(
            find("MULLER"),
            [
                "/Rechnungen 2026/müller invoice.txt",
                "/Rechnungen 2026/Café Müller.pdf"
            ]
        );
        assert_eq!(find("cafe pdf"), ["/Rechnungen 2026/Café Müller.pdf"]);
        assert_eq!(find("2026"), ["/Rechnungen 2026"]);
        assert_eq!(
            find("üL"),
            [
                "/Rechnungen 2026/Café Müller.pdf",
                "/Rechnungen 2026/müller invoice.txt"
            ]
        );
        assert_eq!(find("\"' OR *"), [""; 0]);
        assert_eq!(find("  "), [""; 0]);
        world.drive.index_names().unwrap();
    }
    world
        .drive
        .rename(other.id, "müller too", OnConflict::Fail)
        .unwrap();
    assert_eq!(find("muller").len(), 3);
    assert!(find("nothing").is_empty());
    world.drive.remove(folder.id).unwrap();
    assert_eq!(find("muller"), ["/müller too"]);
    world.drive.purge(folder.id).unwrap();
    assert_eq!(find("muller"), ["/müller too"]);
    assert!(world.drive.search(&"x".repeat(600), 10).is_err());
}

#[test]
fn the_best_hit_comes_first_out_of_many() {
    let world = World::new();
    let items = (0..3000).map(|i| ImportItem {
        path: format!("d{}/some report {i}.txt", i % 7),
        meta: Default::default(),
        content: Some(&b"x"[..]),
    });
    world.drive.import(ROOT, OnConflict::Fail, items).unwrap();
    world.put(ROOT, "report", b"");
    world.put(ROOT, "report of the year", b"");
    for _ in 0..2 {
        let hits = world.drive.search("report", 5).unwrap();
        let names: Vec<_> = hits.iter().map(|hit| hit.node.name.as_str()).collect();
        assert_eq!(names[..2], ["report", "report of the year"]);
        assert_eq!(hits.len(), 5);
        assert_eq!(world.drive.search("2999", 5).unwrap().len(), 1);
        world.drive.index_names().unwrap();
    }
}
