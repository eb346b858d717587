//! How BSON is written.

use workflow_results_native::write::{begin, end, int32, Index};

#[test]
fn elements_of_arrays_are_numbered() {
    let mut index = Index::first();
    for number in 0..120_000 {
        assert_eq!(index.digits(), number.to_string().as_bytes());
        index.advance();
    }
}

#[test]
fn lengths_stand_in_front() {
    let mut bson = Vec::new();
    let outer = begin(&mut bson);
    bson.extend_from_slice(b"\x03a\0");
    let inner = begin(&mut bson);
    assert_eq!((outer, inner), (0, 7));
    end(inner, &mut bson).unwrap();
    end(outer, &mut bson).unwrap();
    assert_eq!(bson, b"\x0d\0\0\0\x03a\0\x05\0\0\0\0\0");
}

#[test]
fn lengths_have_31_bits() {
    assert_eq!(int32(0x0102_0304), Some([4, 3, 2, 1]));
    assert_eq!(int32(i32::MAX as usize), Some([255, 255, 255, 127]));
    assert_eq!(int32(i32::MAX as usize + 1), None);
}
