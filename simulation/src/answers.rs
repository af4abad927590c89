//! What a contract asked others while an execution ran, and what it was answered.

use alloy::primitives::{Address, Bytes, U256};
use serde::{Deserialize, Serialize};
use writ_types::Asset;

/// The longest question that is kept, in bytes: a selector and two words.
const QUESTION_LEN: usize = 68;

/// Static calls that one contract made, in order: those that succeeded, whose calldata is short, and that returned a word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers(Vec<Answer>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    to: Address,
    data: Bytes,
    word: U256,
}

impl Answers {
    /// Keeps an answer; `false` when there are `most` already.
    pub(crate) fn push(&mut self, to: Address, data: &[u8], output: &[u8], most: usize) -> bool {
        let Some(word) = output.get(..32).filter(|_| data.len() <= QUESTION_LEN) else {
            return true;
        };
        if self.0.len() >= most {
            return false;
        }
        let (data, word) = (Bytes::copy_from_slice(data), U256::from_be_slice(word));
        self.0.push(Answer { to, data, word });
        true
    }

    /// How much of `asset` left `account`, or was granted by it, between the first answer about it and the last; `None`
    /// when it was not asked about twice.
    pub fn moved(&self, asset: Asset, account: Address) -> Option<U256> {
        let question = asset.question(account)?;
        let about = |answer: &&Answer| answer.to == asset.contract() && answer.data == question;
        let mut answers = self.0.iter().filter(about).map(|answer| answer.word);
        let before = answers.next()?;
        Some(asset.moved(before, answers.next_back()?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const TOKEN: Address = Address::repeat_byte(0x70);
    const ACCOUNT: Address = Address::repeat_byte(0xac);

    #[test]
    fn what_moved_is_what_was_measured_first_and_last() {
        let (held, other) = (Asset::Erc20(TOKEN), Asset::Erc20(ACCOUNT));
        let spender = Asset::Allowance { token: TOKEN, spender: TOKEN };
        let mut answers = Answers::default();
        let mut tell = |asset: Asset, amount: u64| {
            let word = U256::from(amount).to_be_bytes::<32>();
            let question = asset.question(ACCOUNT).unwrap();
            assert!(answers.push(asset.contract(), &question, &word, 6));
        };
        tell(held, 10);
        tell(spender, 1);
        tell(other, 5);
        tell(held, 99);
        tell(spender, 8);
        tell(held, 4);
        assert_eq!(answers.moved(held, ACCOUNT), Some(U256::from(6)));
        assert_eq!(answers.moved(spender, ACCOUNT), Some(U256::from(7)));
        assert_eq!(answers.moved(other, ACCOUNT), None, "asked once");
        assert_eq!(answers.moved(held, TOKEN), None, "of another account");
        assert_eq!(answers.moved(Asset::Native, ACCOUNT), None);
        assert!(!answers.push(TOKEN, &[1], &[0; 32], 6), "the bound");
        assert!(answers.push(TOKEN, &[1], &[0; 31], 6), "no word is no answer");
        assert!(answers.push(TOKEN, &[0; 69], &[0; 32], 6), "nor to a long question");
    }
}
