//! The gateway as a browser sees it.

use axum::body::Body;
use axum::http::Request;
use webx_content::ipns::Name;

use crate::common::{House, NOW, fixture};

#[tokio::test]
async fn a_path_on_localhost_is_redirected_to_the_origin_of_its_root() {
    let house = House::new();
    let file = house.file(b"hello");
    let url = format!("http://localhost:8080/ipfs/{}?filename=a.txt", file.cid);
    let answer = house.get(&url).await;
    assert_eq!(answer.status, 301);
    let origin = format!("http://{}.ipfs.localhost:8080?filename=a.txt", file.cid);
    let origin = origin.replace(":8080?", ":8080/?");
    assert_eq!(
        answer.header("location").replace(":8080?", ":8080/?"),
        origin
    );
    let answer = house.get(&origin).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "hello"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn version_0_becomes_version_1_in_a_host_name() {
    let house = House::new();
    let v0 = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH";
    let answer = house.get(&format!("http://localhost/ipfs/{v0}/a")).await;
    assert_eq!(
        answer.header("location"),
        "http://bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y.ipfs.localhost/a"
    );
}

#[tokio::test]
async fn a_file_has_ranges_a_tag_and_may_be_kept_for_ever() {
    let house = House::new();
    let content: Vec<u8> = (0..3_000_000_u32).map(|i| i as u8).collect();
    let file = house.file(&content);
    let url = format!("http://127.0.0.1:1/ipfs/{}?filename=a.bin", file.cid);
    let whole = house.get(&url).await;
    assert_eq!(whole.status, 200);
    assert_eq!(whole.body, content);
    assert_eq!(whole.header("content-length"), "3000000");
    assert_eq!(whole.header("etag"), format!("\"{}\"", file.cid));
    assert!(whole.header("cache-control").contains("immutable"));
    assert_eq!(whole.header("x-ipfs-roots"), file.cid.to_string());
    let part = house
        .get_with(&url, &[("range", "bytes=1048570-1048585")])
        .await;
    assert_eq!(part.status, 206);
    assert_eq!(part.body, &content[1_048_570..1_048_586]);
    assert_eq!(
        part.header("content-range"),
        "bytes 1048570-1048585/3000000"
    );
    let outside = house.get_with(&url, &[("range", "bytes=3000000-")]).await;
    assert_eq!(outside.status, 416);
    let stale = [("range", "bytes=0-1"), ("if-range", "\"another\"")];
    assert_eq!(house.get_with(&url, &stale).await.status, 200);
    let known = format!("W/\"x\", \"{}\"", file.cid);
    let unchanged = house.get_with(&url, &[("if-none-match", &known)]).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.body.len()), (304, 0));
    let request = Request::head(url.strip_prefix("http://127.0.0.1:1").unwrap())
        .header("host", "127.0.0.1:1")
        .body(Body::empty())
        .unwrap();
    let head = house.send(request).await;
    assert_eq!(head.header("content-length"), "3000000");
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn a_folder_shows_its_index_or_a_list() {
    let house = House::new();
    let page = house.file(b"<!doctype html><p>home");
    let odd = house.file(b"odd");
    let inner = house.folder(&[("a<b>&\".txt", &odd)]);
    let site = house.folder(&[("index.html", &page), ("inner", &inner)]);
    let origin = format!("http://{}.ipfs.localhost:5", site.cid);
    let home = house.get(&format!("{origin}/")).await;
    assert_eq!(home.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(home.text(), "<!doctype html><p>home");
    let without = house.get(&format!("{origin}/inner?x=1")).await;
    assert_eq!(without.header("location"), "/inner/?x=1");
    let list = house.get(&format!("{origin}/inner/")).await;
    assert!(list.text().contains("a&lt;b&gt;&amp;&quot;.txt"));
    assert!(!list.text().contains("<b>"));
    assert!(
        list.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    let found = house
        .get(&format!("{origin}/inner/a%3Cb%3E%26%22.txt"))
        .await;
    assert_eq!(found.text(), "odd");
}

#[tokio::test]
async fn missing_paths_and_blocks_are_not_found_and_nobody_is_asked() {
    let house = House::new();
    let file = house.file(b"x");
    let folder = house.folder(&[("x", &file)]);
    let base = format!("http://127.0.0.1/ipfs/{}", folder.cid);
    assert_eq!(house.get(&format!("{base}/y")).await.status, 404);
    assert_eq!(house.get(&format!("{base}/x/y")).await.status, 404);
    let absent =
        "http://127.0.0.1/ipfs/bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(house.get(absent).await.status, 404);
    let kept = [("cache-control", "only-if-cached")];
    assert_eq!(house.get_with(absent, &kept).await.status, 412);
    for bad in ["http://127.0.0.1/ipfs/nonsense", "http://127.0.0.1/ipfs/"] {
        assert_eq!(house.get(bad).await.status, 400, "{bad}");
    }
    assert_eq!(house.get("http://127.0.0.1/").await.status, 404);
}

#[tokio::test]
async fn files_of_the_unixfs_fixtures_are_served() {
    let Some((house, _)) = House::with_cars(&[
        "path_gateway_unixfs/dir-with-percent-encoded-filename.car",
        "path_gateway_unixfs/symlink.car",
        "path_gateway_unixfs/dir-with-files.car",
    ]) else {
        return;
    };
    let roots = house.store.roots().unwrap();
    let of = |part: &str| {
        let root = roots.iter().find(|root| root.name.contains(part)).unwrap();
        format!("http://127.0.0.1/ipfs/{}", root.cid)
    };
    let encoded = format!(
        "{}/Portugal%252C+España=Peninsula%20Ibérica.txt",
        of("percent")
    )
    .replace('ñ', "%C3%B1")
    .replace('é', "%C3%A9");
    let answer = house.get(&encoded).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.text(), "hello from a percent encoded filename\n");
    let link = house.get(&format!("{}/bar", of("symlink"))).await;
    assert_eq!(link.header("content-type"), "inode/symlink");
    assert_eq!(link.text(), "foo");
    let file = house
        .get(&format!("{}/hello.txt", of("dir-with-files")))
        .await;
    assert_eq!(file.text(), "hello world\n");
}

#[tokio::test]
async fn redirects_of_the_fixtures_are_followed_on_the_sites_own_origin() {
    let Some((house, _)) = House::with_cars(&[
        "redirects_file/redirects.car",
        "redirects_file/redirects-spa.car",
    ]) else {
        return;
    };
    let roots = house.store.roots().unwrap();
    let of = |name: &str| {
        roots
            .iter()
            .find(|root| root.name.ends_with(name))
            .unwrap()
            .cid
    };
    let all = of("redirects.car");
    let site = |name: &str| {
        let cid = webx_content::unixfs::child(&house.store, &all, name)
            .unwrap()
            .unwrap();
        format!("http://{}.ipfs.localhost", cid.into_v1().unwrap())
    };
    let examples = site("examples");
    for (path, status, to) in [
        ("/redirect-one", 301, "/one.html"),
        ("/301-redirect-one", 301, "/one.html"),
        ("/302-redirect-two", 302, "/two.html"),
        (
            "/posts/2022/01/01/hello-world",
            301,
            "/articles/2022/01/01/hello-world",
        ),
        ("/splat/one.html", 301, "/redirected-splat/one.html"),
    ] {
        let answer = house.get(&format!("{examples}{path}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (status, to),
            "{path}"
        );
    }
    let shown = house.get(&format!("{examples}/200-index")).await;
    assert_eq!((shown.status.as_u16(), shown.text()), (200, "my index\n"));
    for (path, status) in [
        ("/not-found/has-no-redirects-entry", 404),
        ("/gone/has-no-redirects-entry", 410),
        ("/unavail/has-no-redirects-entry", 451),
    ] {
        assert_eq!(
            house.get(&format!("{examples}{path}")).await.status,
            status,
            "{path}"
        );
    }
    // What exists is never redirected.
    assert_eq!(
        house.get(&format!("{examples}/one.html")).await.text(),
        "my one\n"
    );
    let invalid = house.get(&format!("{}/not-found", site("invalid"))).await;
    assert_eq!(invalid.status, 500);
    assert!(
        invalid.text().contains("cannot be used"),
        "{}",
        invalid.text()
    );
    for site in [site("forced"), site("bad-codes")] {
        assert_eq!(house.get(&format!("{site}/a")).await.status, 500);
    }
    let codes = site("good-codes");
    for (path, status) in [
        ("/a301", 301),
        ("/a308", 308),
        ("/a303", 303),
        ("/a404", 404),
    ] {
        let answer = house.get(&format!("{codes}{path}")).await;
        assert_eq!(answer.status, status, "{path}");
    }
    let lines = house
        .get(&format!("{}/redirect-one", site("newlines")))
        .await;
    assert_eq!(lines.header("location"), "/one.html");
    let large = house.get(&format!("{}/not-found", site("too-large"))).await;
    assert_eq!(large.status, 500);
    // On an origin that many roots share, a site's rules count for nothing.
    let path = format!("http://127.0.0.1/ipfs/{all}/examples/redirect-one");
    assert_eq!(house.get(&path).await.status, 404);
    let spa = of("redirects-spa.car");
    let spa = format!("http://{}.ipfs.localhost/any/thing", spa.into_v1().unwrap());
    assert_eq!(house.get(&spa).await.status, 200);
}

#[tokio::test]
async fn names_lead_to_content_by_their_records() {
    let Some((house, _)) = House::with_cars(&["gateway-cache/fixtures.car"]) else {
        return;
    };
    let names = [
        "k51qzi5uqu5djokp3m1keo36hoxtd6u3a1d2rg1camf6al7p3huy63dojlm57c",
        "k51qzi5uqu5dlxdsdu5fpuu7h69wu4ohp32iwm9pdt9nq3y5rpn3ln9j12zfhe",
    ];
    for text in names {
        let bytes = fixture(&format!("gateway-cache/{text}.ipns-record")).unwrap();
        let name = Name::parse(text).unwrap();
        let record = house.store.put_record(&name, &bytes, NOW).unwrap();
        let asked = format!("http://127.0.0.1/ipns/{text}?format=ipns-record");
        let answer = house.get(&asked).await;
        assert_eq!(answer.body, bytes);
        assert_eq!(
            answer.header("content-type"),
            "application/vnd.ipfs.ipns-record"
        );
        let wanted = [("accept", "application/vnd.ipfs.ipns-record")];
        let by_header = house
            .get_with(&format!("http://127.0.0.1/ipns/{text}"), &wanted)
            .await;
        assert_eq!(by_header.body, bytes);
        let below = format!("http://127.0.0.1/ipns/{text}/root2?format=ipns-record");
        assert_eq!(house.get(&below).await.status, 400);
        let block = house
            .get(&format!("http://127.0.0.1/ipns/{text}?format=raw"))
            .await;
        assert_eq!(block.status, 200, "{record:?} {}", block.text());
        assert!(!block.header("cache-control").contains("immutable"));
        let origin = format!("http://{text}.ipns.localhost/");
        assert_eq!(house.get(&origin).await.status, 200);
    }
    let unknown =
        "http://127.0.0.1/ipns/k51qzi5uqu5dk3v4rmjber23h16xnr23bsggmqqil9z2gduiis5se8dht36dam";
    assert_eq!(house.get(unknown).await.status, 404);
    assert_eq!(
        house
            .get("http://127.0.0.1/ipns/en.example.org/")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn values_of_the_dag_fixtures_are_converted() {
    let Some((house, _)) = House::with_cars(&[
        "path_gateway_dag/dag-json-traversal.car",
        "path_gateway_dag/dag-cbor-traversal.car",
        "path_gateway_dag/dag-pb.car",
        "path_gateway_dag/plain-json.car",
        "path_gateway_dag/plain-cbor.car",
    ]) else {
        return;
    };
    let roots = house.store.roots().unwrap();
    let of = |part: &str| {
        let root = roots.iter().find(|root| root.name.contains(part)).unwrap();
        format!("http://127.0.0.1/ipfs/{}", root.cid)
    };
    for part in ["dag-json-traversal", "dag-cbor-traversal"] {
        let plain = house
            .get(&format!("{}/foo/link/bar/hello?format=dag-json", of(part)))
            .await;
        assert_eq!(plain.text(), "\"this is not a link\"", "{part}");
        let linked = house
            .get(&format!("{}/foo/link?format=dag-json", of(part)))
            .await;
        assert_eq!(linked.status, 200, "{}", linked.text());
    }
    let node = house
        .get(&format!("{}?format=dag-json", of("dag-pb.car")))
        .await;
    assert!(
        node.text().starts_with("{\"Data\":{\"/\":{\"bytes\":"),
        "{}",
        node.text()
    );
    let json = house.get(&of("plain-json")).await;
    assert_eq!(json.header("content-type"), "application/json");
    assert!(json.header("content-disposition").starts_with("inline"));
    let cbor = house.get(&of("plain-cbor.car")).await;
    assert!(cbor.header("content-disposition").starts_with("attachment"));
}

#[tokio::test]
async fn a_folder_is_given_as_a_tar_and_one_that_leads_out_is_not() {
    let house = House::new();
    let file = house.file(b"hello");
    let folder = house.folder(&[("a.txt", &file)]);
    let url = format!("http://127.0.0.1/ipfs/{}?format=tar", folder.cid);
    let answer = house.get(&url).await;
    assert_eq!(answer.header("content-type"), "application/x-tar");
    assert!(
        answer
            .header("content-disposition")
            .starts_with("attachment")
    );
    assert!(!answer.broken && answer.body.len() % 512 == 0);
    assert_eq!(&answer.body[257..262], b"ustar");
    let plain = format!("http://127.0.0.1/ipfs/{}", folder.cid);
    let by_header = house
        .get_with(&plain, &[("accept", "application/x-tar")])
        .await;
    assert_eq!(by_header.body, answer.body);
    // The official fixtures: names that lead out of the archive, and names that only look so.
    for (name, out) in [
        ("path_gateway_tar/outside-root.car", true),
        ("path_gateway_tar/inside-root.car", false),
    ] {
        let Some((house, roots)) = House::with_cars(&[name]) else {
            return;
        };
        let answer = house
            .get(&format!("http://127.0.0.1/ipfs/{}?format=tar", roots[0]))
            .await;
        assert!(answer.broken || answer.status != 200 || !out, "{name}");
        println!("{name}: {} broken: {}", answer.status, answer.broken);
    }
}

#[tokio::test]
async fn who_asks_for_providers_hears_of_what_is_here_alone() {
    let house = House::new();
    let file = house.file(b"hello");
    let other = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
    let ask = |rest: String| {
        let house = &house;
        async move {
            house
                .get(&format!("http://127.0.0.1:7780/routing/v1/{rest}"))
                .await
        }
    };
    let here = ask(format!("providers/{}", file.cid)).await;
    let said: serde_json::Value = serde_json::from_slice(&here.body).unwrap();
    let own = said["Providers"][0]["ID"].as_str().unwrap().to_owned();
    assert_eq!(
        said["Providers"][0]["Addrs"][0],
        "/ip4/127.0.0.1/tcp/7780/http"
    );
    let none = ask(format!("providers/{other}")).await;
    assert_eq!(none.text(), "{\"Providers\":[]}");
    let url = format!("http://127.0.0.1:7780/routing/v1/providers/{}", file.cid);
    let lines = house
        .get_with(&url, &[("accept", "application/x-ndjson")])
        .await;
    assert_eq!(lines.text().lines().count(), 1);
    assert!(ask(format!("peers/{own}")).await.text().contains(&own));
    assert_eq!(
        ask(format!(
            "peers/{}",
            "12D3KooWLQzUv2FHWGVPXTXSZpdHs7oHbXub2G5WC8Tx4NQhyd2d"
        ))
        .await
        .text(),
        "{\"Peers\":[]}"
    );
    for path in [
        "providers/x",
        "providers/",
        "nothing/x",
        "ipns/x",
        "peers/..",
    ] {
        assert!(
            ask(path.to_owned()).await.status.is_client_error(),
            "{path}"
        );
    }
    // A page's own origin has paths of its own.
    let page = house
        .get(&format!(
            "http://{}.ipfs.localhost/routing/v1/providers/{}",
            file.cid, file.cid
        ))
        .await;
    assert!(!page.text().contains("Providers"));
}
