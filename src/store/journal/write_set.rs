//! A write set as bytes: table by table its rows, a length of all ones for a row that is to be removed.

use crate::store::write_set::WriteSet;

const REMOVED: u32 = u32::MAX;

/// Puts a set behind what is in `into`; `None` when something in it is longer than a length can say.
pub(super) fn encode(set: &WriteSet, into: &mut Vec<u8>) -> Option<()> {
    for (table, rows) in set.tables() {
        into.extend(u16::try_from(table.len()).ok()?.to_be_bytes());
        into.extend(table.as_bytes());
        let count_at = into.len();
        into.extend([0; 4]);
        let mut count = 0_u32;
        for (key, value) in rows {
            into.extend(u32::try_from(key.len()).ok()?.to_be_bytes());
            into.extend(key);
            match value {
                None => into.extend(REMOVED.to_be_bytes()),
                Some(value) => {
                    into.extend(u32::try_from(value.len()).ok().filter(|len| *len < REMOVED)?.to_be_bytes());
                    into.extend(value);
                }
            }
            count += 1;
        }
        into.get_mut(count_at..count_at + 4)?.copy_from_slice(&count.to_be_bytes());
    }
    Some(())
}

/// Notes the rows of encoded bytes in `set`; `None` when they are no set of these tables.
pub(in crate::store) fn decode(mut bytes: &[u8], tables: &[&'static str], set: &mut WriteSet) -> Option<()> {
    let from = &mut bytes;
    while !from.is_empty() {
        let len = u16::from_be_bytes(*chunk(from)?);
        let name = piece(from, usize::from(len))?;
        let table = tables.iter().find(|known| known.as_bytes() == name)?;
        for _ in 0..number(from)? {
            let len = number(from)?;
            let key = piece(from, usize::try_from(len).ok()?)?;
            let value = match number(from)? {
                REMOVED => None,
                len => Some(piece(from, usize::try_from(len).ok()?)?),
            };
            set.write(table, key, value);
        }
    }
    set.keep();
    Some(())
}

/// Puts those tables of encoded bytes behind what is in `into` that are `wanted`; `None` when they are no set.
pub(in crate::store) fn pick(
    mut bytes: &[u8],
    wanted: &dyn Fn(&[u8]) -> bool,
    into: &mut Vec<u8>,
) -> Option<()> {
    while !bytes.is_empty() {
        let begin = bytes;
        let from = &mut bytes;
        let len = u16::from_be_bytes(*chunk(from)?);
        let name = piece(from, usize::from(len))?;
        for _ in 0..number(from)? {
            let len = number(from)?;
            piece(from, usize::try_from(len).ok()?)?;
            match number(from)? {
                REMOVED => {}
                len => drop(piece(from, usize::try_from(len).ok()?)?),
            }
        }
        if wanted(name) {
            into.extend(begin.get(..begin.len() - bytes.len())?);
        }
    }
    Some(())
}

fn chunk<'a, const N: usize>(from: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, rest) = from.split_first_chunk::<N>()?;
    *from = rest;
    Some(first)
}

fn number(from: &mut &[u8]) -> Option<u32> {
    chunk(from).map(|bytes| u32::from_be_bytes(*bytes))
}

fn piece<'a>(from: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (first, rest) = from.split_at_checked(len)?;
    *from = rest;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Row<T> = (T, Vec<u8>, Option<Vec<u8>>);

    fn listed(set: &WriteSet) -> Vec<Row<&'static str>> {
        set.tables()
            .flat_map(|(table, rows)| {
                rows.map(move |(k, v)| (table, k.to_vec(), v.map(<[u8]>::to_vec))).collect::<Vec<_>>()
            })
            .collect()
    }

    proptest! {
        #[test]
        fn a_set_comes_back_as_it_was(rows in proptest::collection::vec(any::<Row<bool>>(), 0..40)) {
            let mut set = WriteSet::default();
            for (first, key, value) in &rows {
                set.write(if *first { "first/1" } else { "second/1" }, key, value.as_deref());
            }
            let mut bytes = vec![1, 2, 3];
            encode(&set, &mut bytes).unwrap();
            let mut back = WriteSet::default();
            decode(&bytes[3..], &["second/1", "first/1"], &mut back).unwrap();
            prop_assert_eq!(listed(&back), listed(&set));
            let mut picked = Vec::new();
            pick(&bytes[3..], &|name| name == b"first/1", &mut picked).unwrap();
            let mut first = WriteSet::default();
            decode(&picked, &["first/1"], &mut first).unwrap();
            let rest: Vec<_> = listed(&set).into_iter().filter(|row| row.0 == "first/1").collect();
            prop_assert_eq!(listed(&first), rest);
            if !rows.is_empty() {
                prop_assert!(decode(&bytes[3..], &["third/1"], &mut WriteSet::default()).is_none());
            }
        }

        #[test]
        fn nonsense_is_refused_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _either = decode(&bytes, &["first/1"], &mut WriteSet::default());
        }
    }
}
