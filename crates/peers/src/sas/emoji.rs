//! 128 pictures that look different from each other and have short names.

/// The picture and the name of a number below 128.
pub(super) fn at(number: u64) -> (&'static str, &'static str) {
    usize::try_from(number)
        .ok()
        .and_then(|number| TABLE.get(number))
        .copied()
        .unwrap_or_default()
}

#[rustfmt::skip]
const TABLE: [(&str, &str); 128] = [
    ("🐶", "dog"), ("🐱", "cat"), ("🦁", "lion"), ("🐴", "horse"),
    ("🦄", "unicorn"), ("🐷", "pig"), ("🐘", "elephant"), ("🐰", "rabbit"),
    ("🐼", "panda"), ("🐓", "rooster"), ("🐧", "penguin"), ("🐢", "turtle"),
    ("🐟", "fish"), ("🐙", "octopus"), ("🦋", "butterfly"), ("🌷", "tulip"),
    ("🌳", "tree"), ("🌵", "cactus"), ("🍄", "mushroom"), ("🌍", "globe"),
    ("🌙", "moon"), ("☁️", "cloud"), ("🔥", "fire"), ("🍌", "banana"),
    ("🍎", "apple"), ("🍓", "strawberry"), ("🌽", "corn"), ("🍕", "pizza"),
    ("🎂", "cake"), ("❤️", "heart"), ("😀", "smile"), ("🤖", "robot"),
    ("🎩", "hat"), ("👓", "glasses"), ("🔧", "wrench"), ("🎅", "Santa"),
    ("👍", "thumbs up"), ("☂️", "umbrella"), ("⌛", "hourglass"), ("⏰", "alarm clock"),
    ("🎁", "gift"), ("💡", "light bulb"), ("📕", "book"), ("✏️", "pencil"),
    ("📎", "paperclip"), ("✂️", "scissors"), ("🔒", "lock"), ("🔑", "key"),
    ("🔨", "hammer"), ("☎️", "telephone"), ("🏁", "flag"), ("🚂", "train"),
    ("🚲", "bicycle"), ("✈️", "aeroplane"), ("🚀", "rocket"), ("🏆", "trophy"),
    ("⚽", "ball"), ("🎸", "guitar"), ("🎺", "trumpet"), ("🔔", "bell"),
    ("⚓", "anchor"), ("🎧", "headphones"), ("📁", "folder"), ("📌", "pin"),
    ("🐝", "bee"), ("🐞", "ladybird"), ("🐌", "snail"), ("🦀", "crab"),
    ("🐬", "dolphin"), ("🐳", "whale"), ("🦒", "giraffe"), ("🐪", "camel"),
    ("🦉", "owl"), ("🦆", "duck"), ("🐸", "frog"), ("🐍", "snake"),
    ("🦔", "hedgehog"), ("🐿️", "squirrel"), ("🦊", "fox"), ("🐻", "bear"),
    ("🌻", "sunflower"), ("🍀", "clover"), ("🍁", "maple leaf"), ("🌈", "rainbow"),
    ("⭐", "star"), ("❄️", "snowflake"), ("⚡", "lightning"), ("🌋", "volcano"),
    ("🍇", "grapes"), ("🍉", "melon"), ("🍋", "lemon"), ("🍍", "pineapple"),
    ("🍒", "cherries"), ("🥕", "carrot"), ("🌶️", "chilli"), ("🥑", "avocado"),
    ("🍞", "bread"), ("🧀", "cheese"), ("🥚", "egg"), ("🍯", "honey"),
    ("☕", "coffee"), ("🍦", "ice cream"), ("🪑", "chair"), ("🛏️", "bed"),
    ("🚪", "door"), ("🪟", "window"), ("🕯️", "candle"), ("🧹", "broom"),
    ("🪣", "bucket"), ("🧲", "magnet"), ("🔭", "telescope"), ("🧭", "compass"),
    ("🪁", "kite"), ("🎈", "balloon"), ("🎲", "die"), ("🧩", "puzzle"),
    ("🥁", "drum"), ("🎻", "violin"), ("🎹", "piano"), ("📷", "camera"),
    ("⛵", "sailing boat"), ("🚁", "helicopter"), ("🚜", "tractor"), ("🛴", "scooter"),
    ("🏠", "house"), ("🏰", "castle"), ("⛺", "tent"), ("🌉", "bridge"),
];
