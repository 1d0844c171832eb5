//! Keys, names, and what is said of the node.

use serde_json::json;
use webx_content::ipns::{Name, Record};

use super::common::{Client, lines, message};

#[tokio::test]
async fn a_key_is_made_renamed_exported_imported_and_forgotten() {
    let client = Client::new();
    let made = client.one("key/gen?arg=site&type=ed25519").await;
    assert!(made["Id"].as_str().unwrap().starts_with("k51"));
    assert!(
        client
            .refused("key/gen?arg=site")
            .await
            .contains("already exists")
    );
    assert!(
        client
            .refused("key/gen?arg=rsa&type=rsa")
            .await
            .contains("ed25519")
    );
    let renamed = client.one("key/rename?arg=site&arg=blog").await;
    assert_eq!(
        (
            &renamed["Was"],
            &renamed["Now"],
            &renamed["Id"],
            &renamed["Overwrite"]
        ),
        (&json!("site"), &json!("blog"), &made["Id"], &json!(false))
    );
    let listed = client.one("key/list").await;
    assert_eq!(listed["Keys"][0]["Name"], "self");
    assert_eq!(listed["Keys"][1]["Name"], "blog");
    for format in ["libp2p-protobuf-cleartext", "pem-pkcs8-cleartext"] {
        let bytes = client
            .bytes(&format!("key/export?arg=blog&format={format}"))
            .await;
        let name = format.replace('-', "");
        let command = format!("key/import?arg={name}&format={format}");
        let back = lines(client.upload(&command, &[("k", Some(&bytes))]).await).remove(0);
        assert_eq!(back["Id"], made["Id"]);
    }
    let removed = client.one("key/rm?arg=blog").await;
    assert_eq!(removed["Keys"][0]["Name"], "blog");
    assert!(
        client
            .refused("key/export?arg=blog")
            .await
            .contains("no key")
    );
    for command in [
        "key/rm?arg=self",
        "key/rename?arg=self&arg=x",
        "key/gen?arg=self",
        "key/gen?arg=",
        "key/gen?arg=a/b",
        "key/rename?arg=x&arg=self",
    ] {
        client.refused(command).await;
    }
    message(
        client
            .upload("key/import?arg=bad", &[("k", Some(b"no key"))])
            .await,
    );
}

#[tokio::test]
async fn a_name_is_published_as_a_record_that_others_verify() {
    let client = Client::new();
    let cid = client.add("", b"page").await;
    let said = client.refused(&format!("name/publish?arg={cid}")).await;
    assert!(said.contains("allow-offline"), "{said}");
    let published = client
        .one(&format!("name/publish?arg={cid}&allow-offline=true&ttl=1m"))
        .await;
    assert_eq!(published["Value"], format!("/ipfs/{cid}"));
    let name = published["Name"].as_str().unwrap();
    let parsed = Name::parse(name).unwrap();
    let (_, bytes) = client.house.store.record(&parsed).unwrap().unwrap();
    let record = Record::verify(&parsed, &bytes).unwrap();
    assert_eq!((record.sequence, record.ttl), (0, 60_000_000_000));
    assert_eq!(
        client.one(&format!("name/resolve?arg={name}")).await["Path"],
        format!("/ipfs/{cid}")
    );
    assert_eq!(
        client.bytes(&format!("cat?arg=/ipns/{name}")).await,
        b"page"
    );
    let next = client.add("", b"next").await;
    client
        .one(&format!("name/publish?arg=/ipfs/{next}&allow-offline=true"))
        .await;
    assert_eq!(
        client
            .house
            .store
            .record(&parsed)
            .unwrap()
            .unwrap()
            .0
            .sequence,
        1
    );
    assert_eq!(
        client.one("name/resolve").await["Path"],
        format!("/ipfs/{next}")
    );
    assert_eq!(
        client.one(&format!("resolve?arg=/ipns/{name}")).await["Path"],
        format!("/ipfs/{next}")
    );
    client
        .refused(&format!(
            "name/publish?arg={cid}&allow-offline=true&sequence=1"
        ))
        .await;
    client
        .refused(&format!(
            "name/publish?arg={cid}&allow-offline=true&lifetime=soon"
        ))
        .await;
    client
        .refused(&format!(
            "name/publish?arg={cid}&allow-offline=true&key=none"
        ))
        .await;
    client.refused("name/publish?arg=bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy&allow-offline=true").await;
}

#[tokio::test]
async fn names_that_lead_in_circles_end() {
    let client = Client::new();
    let one = client.one("key/gen?arg=one").await["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    let two = client.one("key/gen?arg=two").await["Id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (key, to) in [("one", &two), ("two", &one)] {
        client
            .one(&format!(
                "name/publish?arg=/ipns/{to}&allow-offline=true&resolve=false&key={key}"
            ))
            .await;
    }
    assert!(
        client
            .refused(&format!("name/resolve?arg={one}"))
            .await
            .contains("recursion")
    );
    assert!(
        client
            .refused("resolve?arg=/ipns/example.org")
            .await
            .contains("DNS")
    );
}

#[tokio::test]
async fn the_configuration_is_read_and_replaced() {
    let client = Client::new();
    assert_eq!(
        client.one("config?arg=addresses.api").await["Value"],
        "/ip4/127.0.0.1/tcp/0"
    );
    client.one("config?arg=A.B&arg=true&bool=true").await;
    client.one("config?arg=A.C&arg=[1]&json=true").await;
    assert_eq!(
        client.one("config/show").await["A"],
        json!({ "B": true, "C": [1] })
    );
    client.refused("config?arg=A.B.C&arg=x").await;
    client.refused("config?arg=A.C&arg=[&json=true").await;
    client.refused("config?arg=Identity.PrivKey").await;
    client.refused("config?arg=not.there").await;
    let peer = "/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d";
    client.one(&format!("bootstrap/add?arg={peer}")).await;
    assert_eq!(client.one("bootstrap/list").await["Peers"], json!([peer]));
    client.one(&format!("bootstrap/rm?arg={peer}")).await;
    client.refused("bootstrap/add?arg=nonsense").await;
    let (status, _) = client.upload("config/replace", &[("c", Some(b"{}"))]).await;
    assert_eq!(status, 200);
    assert_eq!(client.one("config/show").await, json!({}));
    message(client.upload("config/replace", &[("c", Some(b"[]"))]).await);
    message(
        client
            .upload("config/replace", &[("c", Some(&[b' '; 300_000]))])
            .await,
    );
}

#[tokio::test]
async fn what_needs_a_network_says_that_there_is_none() {
    let client = Client::new();
    let id = client.one("id").await;
    assert!(id["ID"].as_str().unwrap().starts_with("12D3KooW"));
    assert_eq!(
        (&id["Addresses"], &id["AgentVersion"]),
        (&json!([]), &json!("webx/1.2.3"))
    );
    assert_eq!(client.one("version").await["Version"], "1.2.3");
    assert_eq!(client.one("swarm/peers").await["Peers"], json!([]));
    assert_eq!(client.one("stats/bw").await["TotalIn"], 0);
    for command in [
        "swarm/connect?arg=/ip4/1.2.3.4/tcp/1",
        "routing/findprovs?arg=x",
        "ping?arg=x",
        "id?arg=12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d",
    ] {
        assert!(
            client.refused(command).await.contains("online mode"),
            "{command}"
        );
    }
    assert!(client.refused("pubsub/ls").await.contains("not enabled"));
    let commands = client.one("commands").await;
    assert_eq!(commands["Name"], "ipfs");
    assert!(!*client.around.stopped.lock());
    client.bytes("shutdown").await;
    assert!(*client.around.stopped.lock());
}
