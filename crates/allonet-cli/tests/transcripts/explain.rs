//! How an amount came about.

use snapbox::str;

use crate::room::Room;

#[test]
fn an_amount_of_a_round() {
    Room::usual().tells(
        "allonet explain round.allonet.toml park",
        str![[r#"
── standard output
park

85.714286 USDC, 85.7% of all that is paid, rank 1 of 2

from matching (quadratic): 85.714286 USDC
   square of roots         +25.00  2 voters give 13.00 USDC
   own donations           −13.00
   scaled to the pool  +73.714285  100.00 USDC for all scores
   rounding             +0.000001
   =                    85.714286  USDC
  said by matching: match 0.857143, 85.71% of all
    2 voters give 13.00 USDC, most of it `cem` 9.00 USDC, `ann` 4.00 USDC

by source, in proportion
 treasury  85.714286  100.0%

by path, in proportion
 85.714286  100.0%  treasury → matching → park
── exit 0
"#]],
    );
}

#[test]
fn a_node_may_be_named_by_its_title() {
    Room::usual().tells(
        "allonet explain pay.allonet.toml ALICE",
        str![[r#"
── standard output
alice (Alice)

70.00 USDC, 70.0% of all that is paid, rank 1 of 2

from treasury: 70.00 USDC
   share  +70.00  7 of 10 parts of 100.00 USDC that `treasury` passes on
   =       70.00  USDC

by source, in proportion
 treasury  70.00  100.0%

by path, in proportion
 70.00  100.0%  treasury → alice
── exit 0
"#]],
    );
}

#[test]
fn a_receipt_knows_its_network() {
    let room = Room::usual();
    room.done("allonet run pay.allonet.toml");
    let told = room.done("allonet explain out/pay/receipt.json alice");
    assert_eq!(told.out, room.done("allonet explain pay.allonet.toml alice").out);
    room.edit("pay.allonet.toml", "100 USDC", "200 USDC");
    room.tells(
        "allonet explain out/pay/receipt.json alice",
        str![[r#"
── standard error
note: the inputs have changed since this receipt was written; see `allonet verify`
── standard output
alice (Alice)

140.00 USDC, 70.0% of all that is paid, rank 1 of 2

from treasury: 140.00 USDC
   share  +140.00  7 of 10 parts of 200.00 USDC that `treasury` passes on
   =       140.00  USDC

by source, in proportion
 treasury  140.00  100.0%

by path, in proportion
 140.00  100.0%  treasury → alice
── exit 0
"#]],
    );
}

#[test]
fn an_unknown_node_is_guessed() {
    let room = Room::usual();
    room.tells(
        "allonet explain round.allonet.toml prak",
        str![[r#"
── standard error
unknown-node

  × there is no `prak` in this network
  help: did you mean `park`?
── exit 3
"#]],
    );
    room.tells(
        "allonet explain round.allonet.toml zzz",
        str![[r#"
── standard error
unknown-node

  × there is no `zzz` in this network
  help: known here: `garden`, `matching`, `park`, `treasury`
── exit 3
"#]],
    );
}

#[test]
fn an_explanation_for_programs() {
    Room::usual().tells(
        "allonet explain pay.allonet.toml bob --format json",
        str![[r#"
── standard output
{
  "assets": [
    {
      "amount": "30000000",
      "arrivals": [
        {
          "amount": "30000000",
          "epoch": 0,
          "from": "treasury",
          "opinions": [],
          "steps": [
            {
              "change": "30000000",
              "label": "share",
              "note": "3 of 10 parts of 100.00 USDC that `treasury` passes on"
            }
          ],
          "via": "value"
        }
      ],
      "asset": "USDC",
      "other_paths": "0",
      "paths": [
        {
          "amount": "30000000",
          "nodes": [
            "treasury",
            "bob"
          ]
        }
      ],
      "sources": [
        {
          "amount": "30000000",
          "source": "treasury"
        }
      ]
    }
  ],
  "node": "bob",
  "title": "bob"
}
── exit 0
"#]],
    );
}
