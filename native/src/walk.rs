//! One walk over a BSON document, which keeps nothing but names and stops at the first doubt.
//!
//! The layout is that of <https://bsonspec.org>: a document is an int32 with its length, elements, and a NUL; an
//! element is its type, its name ended by a NUL, and its value.

use crate::types::{
    ARRAY, BINARY, BOOL, DATE, DECIMAL128, DOCUMENT, DOUBLE, INT32, INT64, LENGTH, NULL, OBJECT_ID, STRING, TIMESTAMP,
};

/// The length of the empty document.
pub const SMALLEST: usize = 5;
/// Up to how many names are each compared with all others, which is faster than to sort them.
const FEW: usize = 24;
const LOWEST_BITS: u64 = 0x0101_0101_0101_0101;
const HIGHEST_BITS: u64 = LOWEST_BITS << 7;

/// Subtypes of binaries: a UUID has 16 bytes, and the old binary begins with its length once more.
const UUID: u8 = 4;
const OLD_BINARY: u8 = 2;

/// The sizes of the values of each type of which nothing is looked at; 0 for the other types.
const FIXED_SIZES: [u8; 256] = {
    let mut sizes = [0; 256];
    sizes[DOUBLE as usize] = 8;
    sizes[OBJECT_ID as usize] = 12;
    sizes[DATE as usize] = 8;
    sizes[INT32 as usize] = 4;
    sizes[INT64 as usize] = 8;
    sizes[DECIMAL128 as usize] = 16;
    sizes
};

/// What a value is, as far as a work is judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string.
    Text(&'a str),
    /// A document.
    Document,
    /// A bool.
    Bool(bool),
    /// Null.
    Null,
    /// A timestamp, which MongoDB may replace where it stands at the top.
    Timestamp,
    /// Any other.
    Other,
}

/// One element of a document.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    /// Its name, which is UTF-8.
    pub name: &'a [u8],
    /// Its value.
    pub value: Value<'a>,
}

/// A name, with its first eight bytes as a number, NULs behind a shorter one: most names differ there already.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a> {
    beginning: u64,
    bytes: &'a [u8],
}

/// What is left to look at of some bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(byte)
    }

    fn length(&mut self) -> Option<usize> {
        let (bytes, rest) = self.0.split_first_chunk::<LENGTH>()?;
        self.0 = rest;
        usize::try_from(i32::from_le_bytes(*bytes)).ok()
    }

    #[inline]
    fn name(&mut self) -> Option<Name<'a>> {
        if let Some(word) = self.0.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)) {
            // The highest bit of each byte that is 0, up to the first such byte.
            let zeros = word.wrapping_sub(LOWEST_BITS) & !word & HIGHEST_BITS;
            if zeros != 0 {
                let bits = zeros.trailing_zeros() - 7;
                let beginning = word & ((1 << bits) - 1);
                let bytes = self.take(bits as usize / 8)?;
                self.byte()?;
                return is_utf8(bytes, beginning & HIGHEST_BITS == 0).then_some(Name { beginning, bytes });
            }
        }
        self.long_name()
    }

    #[cold]
    #[inline(never)]
    fn long_name(&mut self) -> Option<Name<'a>> {
        let bytes = self.take(self.0.iter().position(|&byte| byte == 0)?)?;
        self.byte()?;
        let mut beginning = [0; 8];
        let length = bytes.len().min(beginning.len());
        beginning[..length].copy_from_slice(&bytes[..length]);
        is_utf8(bytes, false).then_some(Name { beginning: u64::from_le_bytes(beginning), bytes })
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        let (&end, text) = self.take(length)?.split_last()?;
        (end == 0).then(|| std::str::from_utf8(text).ok())?
    }

    fn document(&mut self) -> Option<&'a [u8]> {
        let size = document_size(self.0)?;
        self.take(size).map(|document| &document[LENGTH..size - 1])
    }

    fn binary(&mut self) -> Option<()> {
        let length = self.length()?;
        let subtype = self.byte()?;
        self.take(length)?;
        (subtype != OLD_BINARY && (subtype != UUID || length == 16)).then_some(())
    }
}

/// Return the length of the document with which some bytes begin, if one can begin there.
#[must_use]
pub fn document_size(data: &[u8]) -> Option<usize> {
    let size = Reader(data).length()?;
    (size >= SMALLEST && data.get(size - 1) == Some(&0)).then_some(size)
}

/// Where an element stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// In the document itself.
    Top,
    /// In the document that is the value of this name at the top.
    Within(&'a [u8]),
    /// Further down, or in an array.
    Deep,
}

/// Walks over documents.
pub struct Walk<'a> {
    levels: usize,
    /// The names of each document that the walk is in, the outer ones first.
    names: Vec<Name<'a>>,
}

impl<'a> Walk<'a> {
    /// Prepare a walk over documents with at most so many levels of documents and arrays within them.
    #[must_use]
    pub fn new(levels: usize) -> Self {
        Self { levels, names: Vec::with_capacity(64) }
    }

    /// Look at a whole document, with all that is in it.
    ///
    /// # Arguments
    /// * `document` - Its bytes.
    /// * `each` - Is called with each element that stands no deeper than in a document at the top, and returns None to
    ///   stop the walk.
    ///
    /// # Returns
    /// None where it is no BSON, has text that is no UTF-8, a name twice in one document, too many levels or a value
    /// of one of the rarest types; or where `each` wants no more.
    pub fn document(
        &mut self,
        document: &'a [u8],
        mut each: impl FnMut(Place<'a>, Element<'a>) -> Option<()>,
    ) -> Option<()> {
        if document_size(document)? != document.len() {
            return None;
        }
        self.names.clear();
        self.elements(&document[LENGTH..document.len() - 1], self.levels, Place::Top, &mut each)
    }

    fn elements<Each>(&mut self, elements: &'a [u8], levels: usize, place: Place<'a>, each: &mut Each) -> Option<()>
    where
        Each: FnMut(Place<'a>, Element<'a>) -> Option<()>,
    {
        let mut reader = Reader(elements);
        let first = self.names.len();
        while let Some(kind) = reader.byte() {
            let name = reader.name()?;
            self.names.push(name);
            let within = if place == Place::Top { Place::Within(name.bytes) } else { Place::Deep };
            let value = self.value(kind, &mut reader, levels, within, each)?;
            if place != Place::Deep {
                each(place, Element { name: name.bytes, value })?;
            }
        }
        let distinct = are_distinct(&mut self.names[first..]);
        self.names.truncate(first);
        distinct.then_some(())
    }

    fn array<Each>(&mut self, elements: &'a [u8], levels: usize, each: &mut Each) -> Option<()>
    where
        Each: FnMut(Place<'a>, Element<'a>) -> Option<()>,
    {
        let mut reader = Reader(elements);
        while let Some(kind) = reader.byte() {
            reader.name()?;
            self.value(kind, &mut reader, levels, Place::Deep, each)?;
        }
        Some(())
    }

    #[inline]
    fn value<Each>(
        &mut self,
        kind: u8,
        reader: &mut Reader<'a>,
        levels: usize,
        within: Place<'a>,
        each: &mut Each,
    ) -> Option<Value<'a>>
    where
        Each: FnMut(Place<'a>, Element<'a>) -> Option<()>,
    {
        match FIXED_SIZES[usize::from(kind)] {
            0 => self.varying_value(kind, reader, levels, within, each),
            size => reader.take(size.into()).map(|_| Value::Other),
        }
    }

    fn varying_value<Each>(
        &mut self,
        kind: u8,
        reader: &mut Reader<'a>,
        levels: usize,
        within: Place<'a>,
        each: &mut Each,
    ) -> Option<Value<'a>>
    where
        Each: FnMut(Place<'a>, Element<'a>) -> Option<()>,
    {
        match kind {
            STRING => reader.text().map(Value::Text),
            DOCUMENT => {
                let document = reader.document()?;
                self.elements(document, levels.checked_sub(1)?, within, each)?;
                Some(Value::Document)
            }
            ARRAY => {
                let array = reader.document()?;
                self.array(array, levels.checked_sub(1)?, each)?;
                Some(Value::Other)
            }
            BINARY => reader.binary().map(|()| Value::Other),
            BOOL => match reader.byte()? {
                0 => Some(Value::Bool(false)),
                1 => Some(Value::Bool(true)),
                _ => None,
            },
            NULL => Some(Value::Null),
            TIMESTAMP => reader.take(8).map(|_| Value::Timestamp),
            _ => None,
        }
    }
}

fn is_utf8(bytes: &[u8], is_ascii: bool) -> bool {
    is_ascii || std::str::from_utf8(bytes).is_ok()
}

/// Whether no two names are the same. They may change their places, but nothing more is allocated, however many they are.
fn are_distinct(names: &mut [Name]) -> bool {
    if names.len() <= FEW {
        return names.iter().enumerate().all(|(index, name)| !names[..index].contains(name));
    }
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}
