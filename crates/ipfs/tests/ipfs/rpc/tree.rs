//! The tree of named files.

use serde_json::json;

use super::common::{Client, message};

#[tokio::test]
async fn a_tree_is_made_moved_and_removed() {
    let client = Client::new();
    let empty = client.one("files/stat?arg=/").await;
    assert_eq!(
        empty["Hash"],
        "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
    );
    client.bytes("files/mkdir?arg=/a/b/c&parents=true").await;
    client.write("arg=/a/b/file&create=true", b"hello").await;
    assert_eq!(client.bytes("files/read?arg=/a/b/file").await, b"hello");
    client.bytes("files/cp?arg=/a/b/file&arg=/a/copy").await;
    client.bytes("files/mv?arg=/a/b/file&arg=/a/b/c").await;
    assert_eq!(client.bytes("files/read?arg=/a/b/c/file").await, b"hello");
    let listed = client.one("files/ls?arg=/a&long=true").await;
    let names: Vec<_> = listed["Entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["Name"].clone(), entry["Type"].clone()))
        .collect();
    assert_eq!(names, [(json!("b"), json!(1)), (json!("copy"), json!(0))]);
    assert!(client.refused("files/rm?arg=/a").await.contains("use -r"));
    client.bytes("files/rm?arg=/a&recursive=true").await;
    assert_eq!(client.one("files/ls").await, json!({ "Entries": [] }));
    assert_eq!(client.one("files/flush").await["Cid"], empty["Hash"]);
}

#[tokio::test]
async fn content_is_copied_into_the_tree_without_its_bytes() {
    let client = Client::new();
    let cid = client.add("cid-version=1", b"content").await;
    client
        .bytes(&format!("files/cp?arg=/ipfs/{cid}&arg=/there"))
        .await;
    let stat = client.one("files/stat?arg=/there&with-local=true").await;
    assert_eq!(
        (&stat["Hash"], &stat["Size"], &stat["Type"], &stat["Local"]),
        (&json!(cid), &json!(7), &json!("file"), &json!(true))
    );
    let said = client
        .refused(&format!("files/cp?arg=/ipfs/{cid}&arg=/there"))
        .await;
    assert!(said.contains("already has entry"), "{said}");
    client
        .refused(&format!("files/cp?arg=/ipfs/{cid}&arg=/no/where"))
        .await;
    client
        .bytes(&format!(
            "files/cp?arg=/ipfs/{cid}&arg=/some/where&parents=true"
        ))
        .await;
}

#[tokio::test]
async fn bytes_are_written_at_any_place() {
    let client = Client::new();
    assert_eq!(
        message(client.write("arg=/f", b"x").await),
        "file does not exist"
    );
    for (options, content, whole) in [
        ("create=true", "0123456789", "0123456789"),
        ("offset=3", "abc", "012abc6789"),
        ("offset=9", "xyz", "012abc678xyz"),
        ("", "AB", "AB2abc678xyz"),
        ("offset=14", "end", "AB2abc678xyz\0\0end"),
        ("count=1", "ZZZ", "ZB2abc678xyz\0\0end"),
        ("offset=2&truncate=true", "-", "ZB-"),
        ("truncate=true", "new", "new"),
    ] {
        let (status, _) = client
            .write(&format!("arg=/f&{options}"), content.as_bytes())
            .await;
        assert_eq!(status, 200);
        assert_eq!(
            client.bytes("files/read?arg=/f").await,
            whole.as_bytes(),
            "{options}"
        );
    }
    assert_eq!(
        client.bytes("files/read?arg=/f&offset=1&count=1").await,
        b"e"
    );
    assert!(
        client
            .refused("files/read?arg=/f&offset=9")
            .await
            .contains("past end")
    );
    assert!(message(client.write("arg=/f&offset=99999999999", b"x").await).contains("gap"));
    assert!(message(client.write("arg=/f&offset=-1", b"x").await).contains("negative"));
}

#[tokio::test]
async fn a_large_file_is_changed_in_its_middle() {
    let client = Client::new();
    let mut whole = vec![1; 900_000];
    client
        .write("arg=/big&create=true&raw-leaves=true", &whole)
        .await;
    let piece = vec![2; 300_000];
    client.write("arg=/big&offset=250000", &piece).await;
    whole[250_000..550_000].copy_from_slice(&piece);
    assert_eq!(client.bytes("files/read?arg=/big").await, whole);
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let client = Client::new();
    for path in [
        "a", "", "/..", "/a/../b", "/.", "/a%00b", "/a%0ab", "%2E%2E/x", "/%2E%2E",
    ] {
        client
            .refused(&format!("files/mkdir?arg={path}&parents=true"))
            .await;
        message(
            client
                .write(&format!("arg={path}&create=true&parents=true"), b"x")
                .await,
        );
        client.refused(&format!("files/mv?arg=/a&arg={path}")).await;
    }
    let long = "n".repeat(300);
    client.refused(&format!("files/mkdir?arg=/{long}")).await;
    assert_eq!(
        client.refused("files/rm?arg=/&recursive=true").await,
        "cannot delete root"
    );
    client.bytes("files/mkdir?arg=/d").await;
    assert!(
        client
            .refused("files/mv?arg=/d&arg=/d/e")
            .await
            .contains("into itself")
    );
    assert!(
        client
            .refused("files/mv?arg=/d&arg=/d")
            .await
            .contains("into itself")
    );
    assert!(
        client
            .refused("files/mkdir?arg=/d")
            .await
            .contains("already exists")
    );
    client.write("arg=/f&create=true", b"x").await;
    assert!(
        client
            .refused("files/mkdir?arg=/f/below")
            .await
            .contains("a file stands")
    );
    assert!(message(client.write("arg=/d", b"x").await).contains("was not a file"));
}

#[tokio::test]
async fn a_folder_gets_cids_of_another_version() {
    let client = Client::new();
    client.bytes("files/mkdir?arg=/d").await;
    client.bytes("files/chcid?arg=/d&cid-version=1").await;
    let stat = client.one("files/stat?arg=/d").await;
    assert!(stat["Hash"].as_str().unwrap().starts_with("bafybei"));
    client.bytes("files/mkdir?arg=/d/below").await;
    let stat = client.one("files/stat?arg=/d").await;
    assert!(stat["Hash"].as_str().unwrap().starts_with("bafybei"));
}

#[tokio::test]
async fn many_writers_lose_nothing() {
    let client = Client::new();
    let writes = (0..20).map(|at| {
        let client = &client;
        async move {
            client
                .write(&format!("arg=/{at}&create=true"), b"x")
                .await
                .0
        }
    });
    for status in futures_util::future::join_all(writes).await {
        assert_eq!(status, 200);
    }
    assert_eq!(
        client.one("files/ls").await["Entries"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_the_same_tree() {
    let client = Client::new();
    client.write("arg=/f&create=true", b"stays").await;
    let root = client.one("files/stat?arg=/").await["Hash"].clone();
    let again = webx_ipfs::PublicStore::open(&client.house.vault).unwrap();
    drop(again);
    assert_eq!(client.one("files/stat?arg=/").await["Hash"], root);
}
