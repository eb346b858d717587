//! Python values to BSON, as long as they are of the plainest types.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use crate::types::{ARRAY, BINARY, BOOL, DOCUMENT, DOUBLE, INT32, INT64, NULL, STRING};
use crate::work::Limits;
use crate::write::{begin, end, int32, Index};

const GENERIC: u8 = 0;
/// The name that bson moves to the beginning of a document.
const ID: &str = "_id";

/// Write a document as BSON; returns None where a key or a value is not of the plainest types, or has no
/// place in BSON or in the limits.
///
/// # Arguments
/// * `document` - What to write.
/// * `limits` - Of what is written.
/// * `bson` - What to append it to; it is of no use where the answer is None.
pub fn document(document: &Bound<'_, PyDict>, limits: Limits, bson: &mut Vec<u8>) -> Option<()> {
    let start = begin(bson);
    for (key, value) in document {
        let name = key.cast_exact::<PyString>().ok()?.to_str().ok()?;
        if name.contains('\0') || (start == 0 && name == ID) {
            return None;
        }
        element(name.as_bytes(), &value, limits, bson)?;
    }
    end(start, bson)?;
    (bson.len() <= limits.most_bytes).then_some(())
}

fn array<'py>(values: impl Iterator<Item = Bound<'py, PyAny>>, limits: Limits, bson: &mut Vec<u8>) -> Option<()> {
    let start = begin(bson);
    let mut name = Index::first();
    for value in values {
        element(name.digits(), &value, limits, bson)?;
        name.advance();
    }
    end(start, bson)
}

fn element(name: &[u8], value: &Bound<'_, PyAny>, limits: Limits, bson: &mut Vec<u8>) -> Option<()> {
    let kind_at = bson.len();
    bson.push(NULL);
    bson.extend_from_slice(name);
    bson.push(0);
    bson[kind_at] = write(value, limits, bson)?;
    (bson.len() <= limits.most_bytes).then_some(())
}

/// Append a value, and return its type.
fn write(value: &Bound<'_, PyAny>, limits: Limits, bson: &mut Vec<u8>) -> Option<u8> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        let text = limited(text.to_str().ok()?.as_bytes(), limits)?;
        bson.extend_from_slice(&int32(text.len() + 1)?);
        bson.extend_from_slice(text);
        bson.push(0);
        return Some(STRING);
    }
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        bson.extend_from_slice(&number.value().to_le_bytes());
        return Some(DOUBLE);
    }
    if let Ok(number) = value.cast_exact::<PyInt>() {
        let number: i64 = number.extract().ok()?;
        if let Ok(small) = i32::try_from(number) {
            bson.extend_from_slice(&small.to_le_bytes());
            return Some(INT32);
        }
        bson.extend_from_slice(&number.to_le_bytes());
        return Some(INT64);
    }
    if let Ok(values) = value.cast_exact::<PyDict>() {
        return document(values, limits.within()?, bson).map(|()| DOCUMENT);
    }
    if let Ok(values) = value.cast_exact::<PyList>() {
        return array(values.iter(), limits.within()?, bson).map(|()| ARRAY);
    }
    if value.is_none() {
        return Some(NULL);
    }
    if let Ok(flag) = value.cast_exact::<PyBool>() {
        bson.push(u8::from(flag.is_true()));
        return Some(BOOL);
    }
    if let Ok(values) = value.cast_exact::<PyTuple>() {
        return array(values.iter(), limits.within()?, bson).map(|()| ARRAY);
    }
    if let Ok(data) = value.cast_exact::<PyBytes>() {
        let data = limited(data.as_bytes(), limits)?;
        bson.extend_from_slice(&int32(data.len())?);
        bson.push(GENERIC);
        bson.extend_from_slice(data);
        return Some(BINARY);
    }
    None
}

/// Return some bytes unless they are too many, so that those are not copied first.
fn limited(bytes: &[u8], limits: Limits) -> Option<&[u8]> {
    (bytes.len() <= limits.most_bytes).then_some(bytes)
}
