//! The trustless gateway, by the cases of its specification and the fixtures of the conformance suite.

use webx_content::ipld::{self, Cid};
use webx_content::unixfs::child;

use crate::common::{Answer, House};

async fn car(house: &House, path: &str, query: &str) -> Answer {
    let url = format!("http://127.0.0.1:9/ipfs/{path}?format=car{query}");
    house.get(&url).await
}

#[tokio::test]
async fn a_raw_block_has_its_own_type_and_is_never_shown() {
    let Some((house, roots)) = House::with_cars(&["gateway-raw-block.car"]) else {
        return;
    };
    let path = format!("http://localhost/ipfs/{}/dir/ascii.txt", roots[0]);
    let by_query = house.get(&format!("{path}?format=raw")).await;
    let by_header = house
        .get_with(&path, &[("accept", "application/vnd.ipld.raw")])
        .await;
    for answer in [by_query, by_header] {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "application/vnd.ipld.raw");
        assert!(
            answer
                .header("content-disposition")
                .starts_with("attachment")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("etag").ends_with(".raw\""));
        assert_eq!(answer.text(), "hello application/vnd.ipld.raw\n");
    }
    let range = [("range", "bytes=0-6")];
    let part = house.get_with(&format!("{path}?format=raw"), &range).await;
    assert_eq!((part.status.as_u16(), part.text()), (206, "hello a"));
}

#[tokio::test]
async fn a_car_says_what_it_is() {
    let Some((house, roots)) =
        House::with_cars(&["trustless_gateway_car/subdir-with-two-single-block-files.car"])
    else {
        return;
    };
    let path = format!("http://127.0.0.1/ipfs/{}/subdir/ascii.txt", roots[0]);
    let wanted = [(
        "accept",
        "application/vnd.ipld.car; version=1; order=dfs; dups=y",
    )];
    let answer = house.get_with(&path, &wanted).await;
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.ipld.car; version=1; order=dfs; dups=y"
    );
    assert!(answer.header("content-disposition").contains(".car"));
    assert!(answer.header("etag").starts_with("W/\""));
    let known = answer.header("etag").to_owned();
    let again = [wanted[0], ("if-none-match", known.as_str())];
    assert_eq!(house.get_with(&path, &again).await.status, 304);
    assert_eq!(answer.blocks().len(), 3, "root, subdir, file");
    for bad in [
        "&car-version=2",
        "&dag-scope=everything",
        "&car-dups=perhaps",
        "&car-order=random",
        "&entity-bytes=1",
        "&entity-bytes=a:b",
        "&entity-bytes=5:2",
    ] {
        let url = format!("{path}?format=car{bad}");
        assert_eq!(house.get(&url).await.status, 400, "{bad}");
    }
    let nowhere = format!(
        "http://127.0.0.1/ipfs/{}/subdir/nothing?format=car",
        roots[0]
    );
    assert_eq!(house.get(&nowhere).await.status, 404);
}

#[tokio::test]
async fn dag_scope_block_entity_and_all_of_a_folder_and_a_file() {
    let Some((house, roots)) =
        House::with_cars(&["trustless_gateway_car/subdir-with-mixed-block-files.car"])
    else {
        return;
    };
    let root = roots[0];
    let subdir = child(&house.store, &root, "subdir").unwrap().unwrap();
    let file = child(&house.store, &subdir, "multiblock.txt")
        .unwrap()
        .unwrap();
    let below = ipld::links(&file, &ipld::fetch(&house.store, &file).unwrap()).unwrap();
    let folder = format!("{root}/subdir");
    let path = format!("{root}/subdir/multiblock.txt");
    let way = [root, subdir];
    let block = car(&house, &path, "&dag-scope=block").await.blocks();
    assert_eq!(block, [&way[..], &[file]].concat());
    let entity = car(&house, &path, "&dag-scope=entity").await.blocks();
    let whole: Vec<Cid> = way.iter().chain([&file]).chain(&below).copied().collect();
    assert_eq!(entity, whole);
    assert_eq!(
        car(&house, &folder, "&dag-scope=entity").await.blocks(),
        way
    );
    let all = car(&house, &folder, "&dag-scope=all").await.blocks();
    assert!(all.len() > entity.len());
    assert_eq!(
        car(&house, &folder, "").await.blocks(),
        all,
        "all is what is meant without a word"
    );
    // 5 pieces of 256 bytes, the last of 2: only those that the bytes touch.
    for (bytes, pieces) in [
        ("0:*", 0..5),
        ("0:255", 0..1),
        ("512:1023", 2..4),
        ("512:-257", 2..4),
        ("-5:*", 3..5),
        ("1000000:*", 0..0),
    ] {
        let query = format!("&dag-scope=entity&entity-bytes={bytes}");
        let got = car(&house, &path, &query).await.blocks();
        let expected = [&[root, subdir, file], &below[pieces]].concat();
        assert_eq!(got, expected, "{bytes}");
    }
}

#[tokio::test]
async fn a_sharded_folder_gives_the_shards_of_the_way_alone() {
    let Some((house, roots)) =
        House::with_cars(&["trustless_gateway_car/single-layer-hamt-with-multi-block-files.car"])
    else {
        return;
    };
    let path = format!("{}/685.txt", roots[0]);
    let block = car(&house, &path, "&dag-scope=block").await.blocks();
    let file = child(&house.store, &roots[0], "685.txt").unwrap().unwrap();
    assert_eq!(block.first(), Some(&roots[0]));
    assert_eq!(block.last(), Some(&file));
    let folder = car(&house, &roots[0].to_string(), "&dag-scope=entity")
        .await
        .blocks();
    assert!(folder.len() > 1 && !folder.contains(&file));
}

#[tokio::test]
async fn a_missing_block_breaks_a_car_off_but_not_the_ranges_beside_it() {
    let Some((house, roots)) =
        House::with_cars(&["trustless_gateway_car/file-3k-and-3-blocks-missing-block.car"])
    else {
        return;
    };
    let root = roots[0].to_string();
    for bytes in ["0:1000", "2200:*", "0:3", "-2:*"] {
        let query = format!("&dag-scope=entity&entity-bytes={bytes}");
        let answer = car(&house, &root, &query).await;
        assert!(!answer.broken);
        assert_eq!(answer.blocks().len(), 2, "{bytes}");
    }
    assert!(car(&house, &root, "").await.broken);
    let file = house
        .get(&format!("http://127.0.0.1/ipfs/{root}?filename=a.bin"))
        .await;
    assert!(file.broken);
}

#[tokio::test]
async fn dags_of_values_with_links_are_followed() {
    let Some((house, roots)) =
        House::with_cars(&["trustless_gateway_car/dir-with-dag-cbor-with-links.car"])
    else {
        return;
    };
    let root = roots[0].to_string();
    let all = car(&house, &root, "").await.blocks();
    assert_eq!(all.len() as u64, house.store.stat().unwrap().blocks);
    let value = car(&house, &format!("{root}/document"), "&dag-scope=entity")
        .await
        .blocks();
    assert_eq!(value.len(), 2);
}

#[tokio::test]
async fn duplicates_come_when_they_are_wanted() {
    let Some((house, roots)) =
        House::with_cars(&["trustless_gateway_car/dir-with-duplicate-files.car"])
    else {
        return;
    };
    let root = roots[0].to_string();
    let once = car(&house, &root, "&car-dups=n").await;
    assert!(once.header("content-type").ends_with("dups=n"));
    let often = car(&house, &root, "&car-dups=y").await;
    assert!(often.blocks().len() > once.blocks().len());
    assert_eq!(car(&house, &root, "").await.blocks(), once.blocks());
}

#[tokio::test]
async fn content_in_a_cid_is_served_and_left_out_of_cars() {
    let house = House::new();
    let text = "bafkqabiaaebagba";
    let raw = house
        .get(&format!("http://127.0.0.1/ipfs/{text}?format=raw"))
        .await;
    assert_eq!(raw.body, [0, 1, 2, 3, 4]);
    assert!(car(&house, text, "").await.blocks().is_empty());
}
