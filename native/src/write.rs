//! How BSON is written.

use crate::types::LENGTH;

/// Begin a document; returns where it begins.
pub fn begin(bson: &mut Vec<u8>) -> usize {
    bson.extend_from_slice(&[0; LENGTH]);
    bson.len() - LENGTH
}

/// End the document that begins at `start`; returns None where it is too long for BSON.
pub fn end(start: usize, bson: &mut Vec<u8>) -> Option<()> {
    bson.push(0);
    let length = int32(bson.len() - start)?;
    bson[start..start + LENGTH].copy_from_slice(&length);
    Some(())
}

/// Return a size as BSON has it, if it can.
#[must_use]
pub fn int32(size: usize) -> Option<[u8; LENGTH]> {
    i32::try_from(size).ok().map(i32::to_le_bytes)
}

/// The name of an element of an array: its position, in decimal digits.
pub struct Index {
    digits: [u8; 10],
    first: usize,
}

impl Index {
    /// Return the name of the first one.
    #[must_use]
    pub fn first() -> Self {
        Self { digits: [b'0'; 10], first: 9 }
    }

    /// Return its digits.
    #[must_use]
    pub fn digits(&self) -> &[u8] {
        &self.digits[self.first..]
    }

    /// Go on to the name of the next one.
    ///
    /// # Panics
    /// Behind the last name of ten digits, which no array has room for.
    pub fn advance(&mut self) {
        let mut at = self.digits.len() - 1;
        while self.digits[at] == b'9' {
            self.digits[at] = b'0';
            at -= 1;
        }
        self.digits[at] += 1;
        self.first = self.first.min(at);
    }
}
