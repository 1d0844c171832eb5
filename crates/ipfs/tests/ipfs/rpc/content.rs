//! Adding, reading, keeping.

use serde_json::json;

use super::common::{Client, Files, lines, message};

/// The CIDs that Kubo gives `hello world\n`.
const HELLO_V0: &str = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o";
const HELLO_V1: &str = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4";

#[tokio::test]
async fn a_file_gets_the_cid_that_kubo_gives_it() {
    let client = Client::new();
    assert_eq!(client.add("", b"hello world\n").await, HELLO_V0);
    assert_eq!(
        client.add("cid-version=1", b"hello world\n").await,
        HELLO_V1
    );
    let raw = client.add("raw-leaves=true", b"hello world\n").await;
    assert!(raw.starts_with("bafkrei"));
    let upper = client
        .add("cid-version=1&cid-base=base36", b"hello world\n")
        .await;
    assert!(upper.starts_with('k'), "{upper}");
    assert_eq!(
        client.bytes(&format!("cat?arg={HELLO_V0}")).await,
        b"hello world\n"
    );
}

#[tokio::test]
async fn a_folder_is_said_file_by_file_and_its_root_last() {
    let client = Client::new();
    let files: Files<'_> = &[
        ("top%2Fa.txt", Some(b"a")),
        ("top%2Fsub%2Fb.txt", Some(b"b")),
        ("top%2Fempty", None),
    ];
    let added = lines(client.upload("add", files).await);
    let names: Vec<_> = added
        .iter()
        .map(|line| line["Name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["top/a.txt", "top/sub/b.txt", "top/empty", "top/sub", "top"]
    );
    let root = added[4]["Hash"].as_str().unwrap();
    let listed = client.one(&format!("ls?arg={root}")).await;
    let links = listed["Objects"][0]["Links"].as_array().unwrap();
    assert_eq!(links.len(), 3);
    assert_eq!(
        (&links[0]["Name"], &links[0]["Type"], &links[0]["Size"]),
        (&json!("a.txt"), &json!(2), &json!(1))
    );
    assert_eq!(links[2]["Type"], 1);
    assert_eq!(
        client
            .bytes(&format!("cat?arg=/ipfs/{root}/sub/b.txt"))
            .await,
        b"b"
    );
    let pins = client.one("pin/ls?type=recursive").await;
    assert_eq!(pins["Keys"], json!({ root: { "Type": "recursive" } }));
    let wrapped = lines(
        client
            .upload("add?wrap-with-directory=true&pin=false", files)
            .await,
    );
    assert_eq!(wrapped.last().unwrap()["Name"], "");
}

#[tokio::test]
async fn only_hashing_stores_nothing() {
    let client = Client::new();
    assert_eq!(
        client.add("only-hash=true", b"hello world\n").await,
        HELLO_V0
    );
    assert_eq!(client.one("repo/stat").await["NumObjects"], 0);
    let said = client.refused(&format!("cat?arg={HELLO_V0}")).await;
    assert!(
        said.starts_with("block was not found locally (offline)"),
        "{said}"
    );
}

#[tokio::test]
async fn parts_of_files_are_read_across_files() {
    let client = Client::new();
    let (one, two) = (
        client.add("", b"0123456789").await,
        client.add("", b"abcdef").await,
    );
    let read = |query: &str| {
        let command = format!("cat?arg={one}&arg={two}{query}");
        let client = &client;
        async move { String::from_utf8(client.bytes(&command).await).unwrap() }
    };
    assert_eq!(read("").await, "0123456789abcdef");
    assert_eq!(read("&offset=8&length=4").await, "89ab");
    assert_eq!(read("&offset=12").await, "cdef");
    assert_eq!(read("&offset=99").await, "");
    assert_eq!(read("&length=0").await, "");
    assert!(
        client
            .refused(&format!("cat?arg={one}&offset=-1"))
            .await
            .contains("negative")
    );
}

#[tokio::test]
async fn a_large_file_comes_back_in_any_chunking() {
    let client = Client::new();
    let content: Vec<u8> = (0..700_000_u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    for options in [
        "",
        "chunker=size-1000",
        "cid-version=1&hash=blake3",
        "hash=sha2-512",
        "profile=unixfs-v1-2025",
    ] {
        let cid = client.add(options, &content).await;
        assert_eq!(
            client.bytes(&format!("cat?arg={cid}")).await,
            content,
            "{options}"
        );
        assert_eq!(
            client
                .bytes(&format!("cat?arg={cid}&offset=299999&length=2"))
                .await,
            content[299_999..300_001]
        );
    }
    for (options, why) in [
        ("chunker=size-0", "limit"),
        ("chunker=size-99999999", "limit"),
        ("chunker=rabin", "unrecognized chunker"),
        ("hash=md5", "unrecognized hash"),
        ("cid-version=0&hash=blake3", "CIDv0"),
        ("cid-version=2", "version 2"),
        ("trickle=true", "not supported"),
        ("inline=true", "not supported"),
        ("nocopy=1", "not supported"),
    ] {
        let said = message(
            client
                .upload(&format!("add?{options}"), &[("a", Some(b"a"))])
                .await,
        );
        assert!(said.contains(why), "{options}: {said}");
    }
}

#[tokio::test]
async fn get_is_a_tar_that_other_programs_read() {
    let client = Client::new();
    let long = "n".repeat(150);
    let path = format!("top%2F{long}");
    let files: Files<'_> = &[("top%2Fa.txt", Some(b"hello")), (&path, Some(b"long"))];
    let root = lines(client.upload("add", files).await).last().unwrap()["Hash"].clone();
    let root = root.as_str().unwrap();
    let tar = client.bytes(&format!("get?arg={root}")).await;
    assert_eq!(tar.len() % 512, 0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.tar");
    std::fs::write(&file, &tar).unwrap();
    let done = std::process::Command::new("tar")
        .arg("-xf")
        .arg(&file)
        .arg("-C")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(done.success());
    assert_eq!(
        std::fs::read(folder.path().join(root).join("a.txt")).unwrap(),
        b"hello"
    );
    assert_eq!(
        std::fs::read(folder.path().join(root).join(&long)).unwrap(),
        b"long"
    );
    let packed = client
        .bytes(&format!("get?arg={root}&archive=true&compress=true"))
        .await;
    assert_eq!(packed[..2], [0x1f, 0x8b]);
    let said = client
        .refused(&format!("get?arg={root}&compress=true"))
        .await;
    assert_eq!(said, "this dag node is a directory");
}

#[tokio::test]
async fn references_are_followed_as_far_as_asked() {
    let client = Client::new();
    let files: Files<'_> = &[
        ("top%2Fa", Some(b"a")),
        ("top%2Fsub%2Fa", Some(b"a")),
        ("top%2Fsub%2Fb", Some(b"b")),
    ];
    let root = lines(client.upload("add", files).await).last().unwrap()["Hash"].clone();
    let root = root.as_str().unwrap();
    let count = |query: &str| {
        let command = format!("refs?arg={root}{query}");
        let client = &client;
        async move { client.lines(&command).await.len() }
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("&recursive=true").await, 4);
    assert_eq!(count("&recursive=true&unique=true").await, 3);
    assert_eq!(count("&recursive=true&max-depth=1").await, 2);
    let shown = client
        .lines(&format!("refs?arg={root}&format=%3Clinkname%3E"))
        .await;
    assert_eq!(shown[0]["Ref"], "a");
    let all = client.lines("refs/local").await;
    assert_eq!(
        all.len() as u64,
        client.one("repo/stat").await["NumObjects"]
            .as_u64()
            .unwrap()
    );
}

#[tokio::test]
async fn blocks_go_in_and_out_and_what_is_needed_stays() {
    let client = Client::new();
    let put = lines(client.upload("block/put", &[("", Some(b"block"))]).await).remove(0);
    let cid = put["Key"].as_str().unwrap().to_owned();
    assert_eq!(put["Size"], 5);
    assert_eq!(
        client.bytes(&format!("block/get?arg={cid}")).await,
        b"block"
    );
    assert_eq!(
        client.one(&format!("block/stat?arg={cid}")).await,
        json!({ "Key": cid, "Size": 5 })
    );
    client.one(&format!("pin/add?arg={cid}")).await;
    let kept = client.one(&format!("block/rm?arg={cid}")).await;
    assert_eq!(kept["Error"], "pinned: recursive");
    client.one(&format!("pin/rm?arg={cid}")).await;
    assert_eq!(
        client.one(&format!("block/rm?arg={cid}")).await,
        json!({ "Hash": cid })
    );
    assert!(
        client
            .lines(&format!("block/rm?arg={cid}&force=true"))
            .await
            .is_empty()
    );
    let v0 = lines(
        client
            .upload("block/put?format=v0", &[("", Some(b"\x0a\x02\x08\x01"))])
            .await,
    )
    .remove(0);
    assert_eq!(v0["Key"], "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn");
    let big = vec![0; 1_100_000];
    assert!(message(client.upload("block/put", &[("", Some(&big))]).await).contains("over"));
    lines(
        client
            .upload("block/put?allow-big-block=true", &[("", Some(&big))])
            .await,
    );
}

#[tokio::test]
async fn values_are_put_read_and_walked() {
    let client = Client::new();
    let leaf = lines(client.upload("dag/put", &[("", Some(br#"{"n":1}"#))]).await).remove(0);
    let leaf = leaf["Cid"]["/"].as_str().unwrap().to_owned();
    let text = format!(r#"{{"list":[{{"/":"{leaf}"}},7],"s":"x"}}"#);
    let root = lines(
        client
            .upload("dag/put?pin=true", &[("", Some(text.as_bytes()))])
            .await,
    )
    .remove(0);
    let root = root["Cid"]["/"].as_str().unwrap().to_owned();
    assert!(root.starts_with("bafyrei"));
    assert_eq!(client.one(&format!("dag/get?arg={root}/s")).await, "x");
    assert_eq!(client.one(&format!("dag/get?arg={root}/list/0/n")).await, 1);
    let found = client
        .one(&format!("dag/resolve?arg={root}/list/0/n"))
        .await;
    assert_eq!(found, json!({ "Cid": { "/": leaf }, "RemPath": "n" }));
    let stat = client.one(&format!("dag/stat?arg={root}&arg={leaf}")).await;
    assert_eq!(
        (&stat["UniqueBlocks"], &stat["DagStats"][0]["NumBlocks"]),
        (&json!(2), &json!(2))
    );
    assert!(
        client
            .refused(&format!("dag/get?arg={root}/nothing"))
            .await
            .contains("no link named")
    );
    assert!(message(client.upload("dag/put", &[("", Some(b"{"))]).await).contains("DAG-JSON"));
    let pins = client.one("pin/ls?type=indirect").await;
    assert_eq!(pins["Keys"], json!({ leaf: { "Type": "indirect" } }));
}

#[tokio::test]
async fn a_car_goes_out_of_one_store_and_into_another() {
    let (from, to) = (Client::new(), Client::new());
    let content = vec![7; 600_000];
    let root = from.add("", &content).await;
    let car = from.bytes(&format!("dag/export?arg={root}")).await;
    let said = lines(
        to.upload("dag/import?stats=true", &[("x.car", Some(&car))])
            .await,
    );
    assert_eq!(
        said[0],
        json!({ "Root": { "Cid": { "/": root }, "PinErrorMsg": "" } })
    );
    assert!(said[1]["Stats"]["BlockCount"].as_u64().unwrap() >= 2);
    assert_eq!(to.bytes(&format!("cat?arg={root}")).await, content);
    let cut = &car[..car.len() - 1];
    let other = Client::new();
    message(other.upload("dag/import", &[("x.car", Some(cut))]).await);
    assert_eq!(other.one("pin/ls").await, json!({ "Keys": {} }));
}

#[tokio::test]
async fn pins_have_names_are_updated_and_let_go() {
    let client = Client::new();
    let one = client.add("pin=false", b"one").await;
    let two = client.add("pin=false", b"two").await;
    assert!(
        client
            .refused(&format!("pin/ls?arg={one}"))
            .await
            .contains("is not pinned")
    );
    client.one(&format!("pin/add?arg={one}&name=first")).await;
    let listed = client.one("pin/ls?names=true").await;
    assert_eq!(
        listed["Keys"][&one],
        json!({ "Type": "recursive", "Name": "first" })
    );
    let streamed = client.lines("pin/ls?stream=true&name=fir").await;
    assert_eq!(
        streamed,
        [json!({ "Cid": one, "Type": "recursive", "Name": "first" })]
    );
    client.one(&format!("pin/update?arg={one}&arg={two}")).await;
    assert_eq!(
        client.one("pin/ls").await["Keys"],
        json!({ &two: { "Type": "recursive" } })
    );
    assert!(
        client
            .refused(&format!("pin/rm?arg={one}"))
            .await
            .contains("not pinned")
    );
    assert!(
        client
            .refused(&format!("pin/rm?arg={two}&recursive=false"))
            .await
            .contains("recursively")
    );
    client
        .one(&format!("pin/add?arg={one}&recursive=false"))
        .await;
    assert_eq!(
        client.one(&format!("pin/ls?arg={one}")).await["Keys"][&one]["Type"],
        "direct"
    );
    assert!(client.lines("pin/verify").await.is_empty());
    assert!(
        client
            .refused("pin/ls?type=some")
            .await
            .contains("invalid type")
    );
}

#[tokio::test]
async fn collecting_takes_what_nothing_leads_to() {
    let client = Client::new();
    let kept = client.add("", b"kept").await;
    let gone = client.add("pin=false", b"gone").await;
    client.write("arg=/in-the-tree&create=true", b"tree").await;
    let swept = client.lines("repo/gc").await;
    assert_eq!(
        swept.len(),
        2,
        "the file and the folder before the last: {swept:?}"
    );
    client.bytes(&format!("cat?arg={kept}")).await;
    assert_eq!(client.bytes("files/read?arg=/in-the-tree").await, b"tree");
    client.refused(&format!("cat?arg={gone}")).await;
    let verified = client.lines("repo/verify").await;
    assert!(
        verified.last().unwrap()["Msg"]
            .as_str()
            .unwrap()
            .contains("all blocks validated")
    );
}

#[tokio::test]
async fn links_of_a_folder_are_patched() {
    let client = Client::new();
    let (file, folder) = (
        client.add("", b"x").await,
        "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn",
    );
    client.one("files/stat?arg=/").await;
    let with = client
        .one(&format!(
            "object/patch/add-link?arg={folder}&arg=a&arg={file}"
        ))
        .await;
    let with = with["Hash"].as_str().unwrap();
    assert_eq!(client.bytes(&format!("cat?arg={with}/a")).await, b"x");
    let without = client
        .one(&format!("object/patch/rm-link?arg={with}&arg=a"))
        .await;
    assert_eq!(without["Hash"], folder);
    client
        .refused(&format!("object/patch/rm-link?arg={folder}&arg=a"))
        .await;
    client
        .refused(&format!(
            "object/patch/add-link?arg={folder}&arg=..&arg={file}"
        ))
        .await;
}
