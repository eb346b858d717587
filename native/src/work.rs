//! A document as a work: what decides about it, and how it is stored.

use crate::types::LENGTH;
use crate::walk::{document_size, Place, Value, Walk};
use crate::write::int32;

/// What stands before the id in a document that begins with `_id`.
const ID_FIRST: &[u8] = b"\x02_id\0";

/// What a work says about itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Work<'a> {
    /// Its pipeline.
    pub pipeline: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Its status.
    pub status: &'a str,
    /// Whether `results.locked` is true.
    pub locked: bool,
    /// Whether `_id` is its first element already.
    pub has_id_first: bool,
}

impl<'a> Work<'a> {
    /// Look through a document; returns None unless there is no doubt about it.
    pub fn read(document: &'a [u8], walk: &mut Walk<'a>) -> Option<Self> {
        let (mut pipeline, mut id, mut status, mut stored_id) = (None, None, None, None);
        let (mut locked, mut first) = (false, true);
        walk.document(document, |place, element| {
            let is_first = first;
            first &= place != Place::Top;
            match (place, element.name, element.value) {
                (Place::Within(b"results"), b"locked", Value::Bool(value)) => locked = value,
                (Place::Within(b"results"), b"locked", _) => return None,
                (Place::Within(_) | Place::Deep, ..) => {}
                (_, b"pipeline", Value::Text(text)) => pipeline = Some(text),
                (_, b"id", Value::Text(text)) => id = Some(text),
                (_, b"status", Value::Text(text)) => status = Some(text),
                (_, b"_id", Value::Text(text)) if is_first => stored_id = Some(text),
                (_, b"pipeline" | b"id" | b"status" | b"_id", _) | (_, _, Value::Timestamp) => return None,
                (_, b"results", value) if !matches!(value, Value::Null | Value::Document) => return None,
                (_, name, _) if !is_plain(name) => return None,
                _ => {}
            }
            Some(())
        })?;
        let id = id?;
        if stored_id.is_some_and(|stored| stored != id) {
            return None;
        }
        Some(Self { pipeline: pipeline?, id, status: status?, locked, has_id_first: stored_id.is_some() })
    }

    /// Return how many bytes the work takes as it is stored.
    #[must_use]
    pub fn stored_size(&self, document: &[u8]) -> usize {
        if self.has_id_first {
            return document.len();
        }
        document.len() + ID_FIRST.len() + LENGTH + self.id.len() + 1
    }

    /// Write the work as it is stored: `_id` is its first element, and nothing else is changed.
    ///
    /// # Panics
    /// If the buffer has another size than `stored_size`, or one that BSON has no place for.
    pub fn write_stored(&self, document: &[u8], buffer: &mut [u8]) {
        if self.has_id_first {
            return buffer.copy_from_slice(document);
        }
        let [size, id_size] = [buffer.len(), self.id.len() + 1].map(|size| int32(size).expect("works are smaller"));
        let parts: [&[u8]; 6] = [&size, ID_FIRST, &id_size, self.id.as_bytes(), b"\0", &document[LENGTH..]];
        let mut rest = buffer;
        for part in parts {
            let (place, behind) = rest.split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = behind;
        }
    }
}

/// What a work may have, or another document.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most levels of documents and arrays within it.
    pub levels: usize,
    /// The most bytes of it.
    pub most_bytes: usize,
}

impl Limits {
    /// Return those of a document or an array within it, if there may be one.
    #[must_use]
    pub fn within(self) -> Option<Self> {
        Some(Self { levels: self.levels.checked_sub(1)?, ..self })
    }
}

/// One of some documents that stand back to back.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut<'a> {
    /// Its bytes.
    pub document: &'a [u8],
    /// What it says about itself; None where there is doubt about it.
    pub work: Option<Work<'a>>,
}

/// Cut documents that stand back to back apart, and look through each.
///
/// # Arguments
/// * `data` - The documents.
/// * `size` - The most bytes of documents to look at, but for the first one, which may be larger.
/// * `number` - Stop after so many documents.
/// * `limits` - Of each.
///
/// # Returns
/// The documents, and how many bytes they have together: 0 where none begins.
#[must_use]
pub fn cut<'a>(data: &'a [u8], size: usize, number: usize, limits: &Limits) -> (Vec<Cut<'a>>, usize) {
    let mut walk = Walk::new(limits.levels);
    let mut found = Vec::new();
    let mut at = 0;
    while at < size && found.len() < number {
        let Some(length) = document_size(&data[at..]) else { break };
        if at > 0 && at + length > size {
            break;
        }
        let document = &data[at..at + length];
        let work = if length > limits.most_bytes { None } else { Work::read(document, &mut walk) };
        found.push(Cut { document, work });
        at += length;
    }
    (found, at)
}

/// Whether a name is a plain word.
fn is_plain(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&byte| IS_PLAIN[usize::from(byte)])
}

const IS_PLAIN: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], u8::MAX);
    while byte > 0 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        byte -= 1;
    }
    table
};
