//! From the bytes of one picture to those of a smaller one.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// The longest side, before and after.
const SIDE: u32 = 12_000;
/// Memory for one picture, in bytes.
const MEMORY: u64 = 144 << 20;

/// What the caller wants.
pub(crate) struct Wish {
    width: u32,
    height: u32,
    format: Option<ImageFormat>,
    quality: u8,
}

/// What was made.
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Wish {
    /// `width=…&height=…` is the box that the picture must fit into; `format` and `quality` may be left out.
    pub(crate) fn read(query: &str) -> Result<Self, String> {
        let mut wish = Self { width: 0, height: 0, format: None, quality: 85 };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let number = || value.parse::<u32>().ok().filter(|number| (1..=SIDE).contains(number));
            match name {
                "width" => wish.width = number().ok_or(format!("The width must be 1 to {SIDE}."))?,
                "height" => wish.height = number().ok_or(format!("The height must be 1 to {SIDE}."))?,
                "quality" => wish.quality = value.parse().ok().filter(|q| (1..=100).contains(q)).ok_or("The quality must be 1 to 100.")?,
                "format" => {
                    wish.format = match value {
                        "same" => None,
                        "jpeg" => Some(ImageFormat::Jpeg),
                        "png" => Some(ImageFormat::Png),
                        _ => return Err("The format must be same, jpeg or png.".into()),
                    }
                }
                _ => return Err(format!("There is no option {name}.")),
            }
        }
        match wish.width > 0 && wish.height > 0 {
            true => Ok(wish),
            false => Err("A width and a height are needed.".into()),
        }
    }
}

/// Resizes; never makes a picture larger, keeps its proportions and turns it the way the camera was held.
pub(crate) fn resize(bytes: &[u8], wish: &Wish) -> Result<Made, String> {
    let unreadable = |_| "This is no picture that can be read (GIF, JPEG, PNG or WebP).".to_owned();
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let found = reader.format().ok_or("This is no picture that can be read (GIF, JPEG, PNG or WebP).")?;
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    if decoder.total_bytes() > MEMORY {
        return Err("The picture has too many pixels.".into());
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    picture.apply_orientation(orientation);
    if picture.width() > wish.width || picture.height() > wish.height {
        // A rough step first, where much is thrown away: the fine filter then has little to do.
        let rough = (wish.width.saturating_mul(3), wish.height.saturating_mul(3));
        if picture.width() > rough.0 && picture.height() > rough.1 {
            picture = picture.thumbnail(rough.0, rough.1);
        }
        picture = picture.resize(wish.width, wish.height, FilterType::Lanczos3);
    }
    let format = match wish.format {
        Some(format) => format,
        None if found == ImageFormat::Jpeg => ImageFormat::Jpeg,
        None => ImageFormat::Png,
    };
    let (width, height) = (picture.width(), picture.height());
    let mut bytes = Vec::new();
    let written = match format {
        ImageFormat::Jpeg => picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, wish.quality)),
        _ => picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png),
    };
    written.map_err(|error| format!("The picture could not be written ({error})."))?;
    Ok(Made { bytes, media_type: format.to_mime_type(), width, height })
}
