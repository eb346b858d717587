//! BSON made by hand, as no encoder makes it.

#![allow(dead_code)] // each test takes what it needs

use workflow_results_native::types::{ARRAY, BINARY, BOOL, DOCUMENT, INT32, STRING, TIMESTAMP};

pub fn sized(data: &[u8]) -> Vec<u8> {
    [&i32::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

pub fn document(elements: &[Vec<u8>]) -> Vec<u8> {
    let elements = elements.concat();
    let length = i32::try_from(elements.len() + 5).unwrap();
    [&length.to_le_bytes(), elements.as_slice(), b"\0"].concat()
}

pub fn element(kind: u8, name: &str, value: &[u8]) -> Vec<u8> {
    [&[kind], name.as_bytes(), b"\0", value].concat()
}

pub fn text(name: &str, value: &str) -> Vec<u8> {
    element(STRING, name, &sized(format!("{value}\0").as_bytes()))
}

pub fn number(name: &str, value: i32) -> Vec<u8> {
    element(INT32, name, &value.to_le_bytes())
}

pub fn flag(name: &str, value: u8) -> Vec<u8> {
    element(BOOL, name, &[value])
}

pub fn timestamp(name: &str) -> Vec<u8> {
    element(TIMESTAMP, name, &[0; 8])
}

pub fn binary(name: &str, subtype: u8, data: &[u8]) -> Vec<u8> {
    let length = i32::try_from(data.len()).unwrap();
    element(BINARY, name, &[&length.to_le_bytes(), [subtype].as_slice(), data].concat())
}

pub fn within(name: &str, elements: &[Vec<u8>]) -> Vec<u8> {
    element(DOCUMENT, name, &document(elements))
}

pub fn array(name: &str, elements: &[Vec<u8>]) -> Vec<u8> {
    element(ARRAY, name, &document(elements))
}

/// An element that is documents within documents, so many.
pub fn nested(levels: usize) -> Vec<u8> {
    (1..levels).fold(within("a", &[]), |inner, _| within("a", &[inner]))
}
