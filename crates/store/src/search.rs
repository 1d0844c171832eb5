//! Searching the index of a store.

use webx_wxa::Category;

use crate::App;

/// Apps in which every word of `query` occurs, best first.
pub(crate) fn search<'a>(
    apps: impl Iterator<Item = &'a App>,
    query: &str,
    category: Option<Category>,
) -> Vec<&'a App> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(u32, String, &App)> = apps
        .filter_map(|app| {
            let offer = app.newest()?;
            if category.is_some_and(|category| offer.category != category) {
                return None;
            }
            let name = offer.name.to_lowercase();
            let text = [
                offer.description.to_lowercase(),
                app.app.as_str().to_owned(),
                offer.publisher.did.to_lowercase(),
                offer.category.name().to_owned(),
            ];
            let scores = words.iter().map(|word| score(word, &name, &text));
            let total = scores.sum::<Option<u32>>()?;
            Some((total, name, app))
        })
        .collect();
    found.sort_by(|(a, name_a, app_a), (b, name_b, app_b)| {
        (b, name_a, &app_a.app).cmp(&(a, name_b, &app_b.app))
    });
    found.into_iter().map(|(_, _, app)| app).collect()
}

/// How well one word fits; `None` when it does not occur.
fn score(word: &str, name: &str, text: &[String]) -> Option<u32> {
    if name == word {
        return Some(8);
    }
    if name.starts_with(word) {
        return Some(6);
    }
    if name.split_whitespace().any(|part| part.starts_with(word)) {
        return Some(5);
    }
    if name.contains(word) {
        return Some(4);
    }
    text.iter().any(|text| text.contains(word)).then_some(1)
}
