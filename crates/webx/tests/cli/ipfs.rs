//! `webx ipfs`: public content through all layers.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::House;

const HELLO_V0: &str = "QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN";
const HELLO_V1: &str = "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am";

/// One request to the gateway; the whole answer as text.
fn ask(port: u64, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_folder_is_added_listed_read_exported_and_forgotten() {
    let (house, _) = House::with_person();
    house.file("site/index.html", "<!doctype html><p>home");
    house.file("site/sub/hello.txt", "hello\n");
    let large: Vec<u8> = (0..3_500_000_u32)
        .map(|i| (i >> 7) as u8 ^ i as u8)
        .collect();
    house.file("site/large.bin", &large);
    let _node = house.up();
    let site = house.path("site").display().to_string();

    let added = house.json(&["ipfs", "add", &site]);
    let cid = added["cid"].as_str().unwrap().to_owned();
    let hashed = house.json(&["ipfs", "add", "--only-hash", &site]);
    assert_eq!(hashed["cid"], added["cid"]);
    let roots = house.json(&["ipfs", "ls"]);
    assert_eq!(
        (&roots[0]["cid"], &roots[0]["name"]),
        (&added["cid"], &"site".into())
    );
    let listed = house.json(&["ipfs", "ls", &cid]);
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["name"])
        .collect();
    assert_eq!(names, ["index.html", "large.bin", "sub"]);
    assert_eq!(listed[1]["size"], 3_500_000);
    assert_eq!(
        house.ok(&["ipfs", "cat", &format!("{cid}/sub/hello.txt")]),
        "hello\n"
    );

    let back = house.path("back").display().to_string();
    house.ok(&["ipfs", "get", &cid, &back]);
    assert_eq!(std::fs::read(house.path("back/large.bin")).unwrap(), large);
    assert_eq!(
        std::fs::read(house.path("back/sub/hello.txt")).unwrap(),
        b"hello\n"
    );
    let hello = house.path("back/sub/hello.txt").display().to_string();
    let refused = house.refused(&["ipfs", "get", &format!("{cid}/sub/hello.txt"), &hello]);
    assert!(refused.contains("exists already"), "{refused}");

    let car = house.path("site.car").display().to_string();
    house.ok(&["ipfs", "car", "export", &cid, &car]);
    house.ok(&["ipfs", "rm", &cid]);
    assert!(
        house
            .refused(&["ipfs", "cat", &format!("{cid}/index.html")])
            .contains("not here")
    );
    assert_eq!(house.json(&["ipfs", "ls"]).as_array().unwrap().len(), 0);
    let taken = house.json(&["ipfs", "car", "import", &car]);
    assert_eq!(taken["roots"][0], cid.as_str());
    assert_eq!(
        house.ok(&["ipfs", "cat", &format!("/ipfs/{cid}/sub/hello.txt")]),
        "hello\n"
    );
}

#[test]
fn both_profiles_give_the_cids_that_everybody_gives() {
    let house = House::new();
    let hello = house.file("hello", "hello\n").display().to_string();
    let v1 = house.json(&["ipfs", "add", "--only-hash", &hello]);
    assert_eq!(v1["cid"], HELLO_V1);
    let v0 = [
        "ipfs",
        "add",
        "--only-hash",
        "--profile",
        "unixfs-v0-2015",
        &hello,
    ];
    assert_eq!(house.json(&v0)["cid"], HELLO_V0);
}

#[test]
fn what_cannot_be_read_or_is_broken_leaves_nothing() {
    let (house, _) = House::with_person();
    let _node = house.up();
    let broken = house.file("broken.car", b"\x0aabc");
    house.refused(&["ipfs", "car", "import", &broken.display().to_string()]);
    house.file("odd/fine", "fine");
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        let name = std::ffi::OsStr::from_bytes(b"\xff");
        std::fs::write(house.path("odd").join(name), "x").unwrap();
        let refused = house.refused(&["ipfs", "add", &house.path("odd").display().to_string()]);
        assert!(refused.contains("no text"), "{refused}");
    }
    assert_eq!(house.json(&["ipfs", "ls"]).as_array().unwrap().len(), 0);
    assert!(
        house
            .refused(&["ipfs", "ls", HELLO_V1])
            .contains("not here")
    );
    assert!(
        house
            .refused(&["ipfs", "rm", HELLO_V1])
            .contains("was not added here")
    );
}

#[test]
fn the_gateway_is_off_until_it_is_turned_on_and_knows_no_private_file() {
    let (house, _) = House::with_person();
    let hello = house.file("hello.txt", "hello\n").display().to_string();
    {
        let _node = house.up();
        assert_eq!(
            house.json(&["ipfs", "gateway", "status"])["listening"],
            false
        );
        house.ok(&["drive", "put", &hello, "/hello.txt"]);
        let on = house.json(&["ipfs", "gateway", "on", "--port", "0"]);
        let port = on["port"].as_u64().unwrap();
        // The same bytes lie in the drive; nobody published them.
        let private = ask(port, "127.0.0.1", &format!("/ipfs/{HELLO_V1}?format=raw"));
        assert!(private.starts_with("HTTP/1.1 404"), "{private}");
        house.ok(&["ipfs", "add", &hello]);
        let public = ask(port, "127.0.0.1", &format!("/ipfs/{HELLO_V1}?format=raw"));
        assert!(
            public.starts_with("HTTP/1.1 200") && public.ends_with("hello\n"),
            "{public}"
        );
        let named = ask(port, "localhost", &format!("/ipfs/{HELLO_V1}"));
        assert!(named.contains(&format!(
            "location: http://{HELLO_V1}.ipfs.localhost:{port}"
        )));
        let origin = ask(port, &format!("{HELLO_V1}.ipfs.localhost"), "/");
        assert!(origin.ends_with("hello\n"), "{origin}");
        // Neither the desktop nor its API is behind this port.
        let api = ask(port, "localhost", "/api/status");
        assert!(api.starts_with("HTTP/1.1 404"), "{api}");
        house.ok(&["lock"]);
        assert!(TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).is_err());
    }
    // It is remembered.
    let _node = house.up();
    let port = house.json(&["ipfs", "gateway", "status"])["port"]
        .as_u64()
        .unwrap();
    assert!(ask(port, "127.0.0.1", &format!("/ipfs/{HELLO_V1}")).ends_with("hello\n"));
    house.ok(&["ipfs", "gateway", "off"]);
    assert!(TcpStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).is_err());
}
