//! One rule's weights, what a jury's answers are good for, and how many more it
//! takes.

use snapbox::str;

use crate::room::Room;

/// Three jurors agree that x is worth most; dan contradicts himself in a circle.
const DUELS: &str = "\
juror,item_a,item_b,winner,multiplier
ann,x,y,x,2
ann,y,z,y,2
ann,x,z,x,4
ben,x,y,x,8
ben,z,y,y,2
ben,x,z,x,16
cem,x,y,x,2
cem,z,x,x,3
dan,x,y,y,2
dan,y,z,z,2
dan,z,x,x,2
";

fn room() -> Room {
    Room::new().file("duels.csv", DUELS)
}

#[test]
fn a_rule_is_fitted() {
    room().tells(
        "allonet weights fit duels.csv",
        str![[r#"
── standard output
 rank  item    weight
    1  x     0.591806
    2  y     0.249883
    3  z     0.158310
least-squares by 11 comparisons of 4 jurors
── exit 0
"#]],
    );
    room().tells(
        "allonet weights fit duels.csv --rule win-rate --format json",
        str![[r#"
── standard output
{
  "rule": "win-rate",
  "weights": [
    {
      "item": "x",
      "weight": 0.5454545454545455
    },
    {
      "item": "y",
      "weight": 0.30303030303030304
    },
    {
      "item": "z",
      "weight": 0.1515151515151515
    }
  ]
}
── exit 0
"#]],
    );
}

#[test]
fn the_rules_are_listed() {
    room().tells("allonet weights fit --list", str![[r#"
── standard output
 rule                     name                                                     looks at  formula                                                                            parameters
 bradley-terry            Bradley–Terry, maximum likelihood                        which     max Σ wins_ij ln( w_i / (w_i + w_j) )                                              prior=0 temperature=1
 bradley-terry-intensity  Bradley–Terry, answers weighed by their multipliers      how much  max Σ m_t/m̄ ln( w_winner / (w_winner + w_loser) ) − λ/2 Σ z_i²                     ridge=0.005 temperature=1
 bradley-terry-mm         Bradley–Terry as published for GG24                      which     s_i ← wins_i / Σ_j n_ij / (s_i + s_j)                                              temperature=1
 bradley-terry-ridge      Bradley–Terry with a ridge                               which     max Σ wins_ij ln( w_i / (w_i + w_j) ) − λ/2 Σ z_i²                                 ridge=0.01 temperature=1
 bradley-terry-ties       Bradley–Terry with ties (Davidson)                       which     P(tie) = 2ν √(w_i w_j) / (w_i + w_j + 2ν √(w_i w_j))                               prior=0 temperature=1
 colley                   Colley's matrix                                          which     (2I + diag(games) − N) r = 1 + (wins − losses)/2, weights ∝ r
 eigenvector              Eigenvector centrality of wins                           which     A x = λ x, A_ij = wins of i over j
 elo                      Elo in natural-log units (published, chaotic)            which     Δ = K (1 − σ(r_w − r_l)) in the order of time                                      k=32
 huber-adaptive           Huber in log space, threshold from the residuals (GG24)  how much  min Σ huber_δ(z_b − z_a − c), δ = 1.345 MAD(residuals) / 0.6745; c = ±1 for a win  iterations=50 directions=0 both-sides=0
 huber-fixed              Huber in log space, threshold from the answers (pilot)   how much  min Σ huber_δ(z_b − z_a − c), δ = 1.345 MAD(c) / 0.6745                            ridge=0.000001 iterations=75 directions=0 both-sides=0
 juror-scale              Least squares with jurors' scales                        how much  c = s_k (z_b − z_a) + β_k + ε, ε ~ N(0, σ_k²)                                      spread=0 pseudo-count=0 side-bias=1 tail=0 random-jurors=1
 least-squares            Least squares in log space                               how much  min Σ (z_b − z_a − c)² + ridge ‖z‖²                                                ridge=0
 pagerank                 PageRank of losers' votes for winners                    which     r = (1 − d)/n + d Tᵀ r                                                             damping=0.85 multiplier=0 tolerance=0.0000000001 iterations=200
 rank-centrality          Rank centrality                                          which     Pᵀ π = π, P_ij = (share won by j) / d_max                                          iterations=200 tolerance=0.0000000001 exact=0
 rank-zipf                Zipf's law over places                                   which     weight of place k ∝ 1 / k^s                                                        s=1 by=0
 reliability              Bradley–Terry with jurors' reliability                   which     P(b wins) = γ_k σ(z_b − z_a + β_k) + (1 − γ_k) σ(q_k)                              spread=0 side-bias=1 reversed=1 prior-jurors=5
 thurstone                Thurstone's case V                                       which     P(i over j) = Φ(μ_i − μ_j), z = scale · μ                                          prior=0 scale=1.702
 win-rate                 Share of comparisons won                                 which     (wins + s) / (comparisons + 2s)                                                    smoothing=1
── exit 0
"#]]);
}

#[test]
fn a_misspelt_rule_is_refused() {
    room().tells(
        "allonet weights fit duels.csv --rule least-square",
        str![[r#"
── standard error
unknown-rule

  × there is no rule `least-square`
  help: did you mean `least-squares`?
── exit 2
"#]],
    );
}

#[test]
fn a_winner_who_was_not_compared_is_shown() {
    let room = Room::new().file("duels.csv", DUELS.replace("cem,x,y,x,2", "cem,x,y,w,2"));
    room.tells(
        "allonet weights fit duels.csv",
        str![[r#"
── standard error
bad-choice

  × `w` is neither of the two items
   ╭─[duels.csv:8:9]
 7 │ ben,x,z,x,16
 8 │ cem,x,y,w,2
   ·         ┬
   ·         ╰── here
 9 │ cem,z,x,x,3
   ╰────
  help: write the name of one, 1 or 2, a or b, left or right, or `tie`

1 error
── exit 3
"#]],
    );
}

#[test]
fn islands_are_refused() {
    let room = Room::new().file("duels.csv", format!("{DUELS}ann,v,w,v,2\n"));
    room.tells(
        "allonet weights fit duels.csv",
        str![[r#"
── standard error
disconnected

  × the items are on 2 islands that no comparison joins: `x`, `y`, `z`; `v`, `w`
  help: compare items across the islands, leave one out, or give the rule a prior
── exit 3
"#]],
    );
}

#[test]
fn a_jury_is_looked_into() {
    room().tells("allonet weights jury duels.csv --replicates 100", str![[r#"
── standard output
The jury
11 comparisons of 3 items by 4 jurors, worth 3.9 who had answered as much as each other.
Answers of one juror hang together: they are worth 8 independent ones (design effect 1.31).
Jurors agree on which item is worth more with alpha 0.27 (90 %: -0.20 to 0.67); 0 is chance, 1 is always.
Jurors agree on how much more with alpha 0.44 (90 %: -0.04 to 0.65); 0 is chance, 1 is always.
On the 3 pairs that several jurors answered, two of them disagree 33.3 % of the time.
The left side was chosen 54.5 % of the time (p = 1.000 for a fair coin); jurors are 29.2 % off one half, fair coins would be 25.0 %.
0 of 1 triangle go in a circle (coins: a quarter); within single jurors 1 of 3. Of what was said about how much, weights explain 57.0 %, 2.1 % goes in circles, 40.9 % is disagreement on the same pair.
No camps: jurors do not differ from the consensus in a common direction.

Jurors
 juror  answers     left  same again  with others   moves  verdict
 ben          3   66.7 %           –      100.0 %  10.8 %  too few answers to say
 dan          3    0.0 %           –       33.3 %   7.8 %  too few answers to say
 cem          2   50.0 %           –      100.0 %   1.5 %  too few answers to say
 ann          3  100.0 %           –      100.0 %   1.4 %  too few answers to say
“with others”: how often the item that all other jurors hold better was preferred. “moves”: the part of the money that goes elsewhere without this juror.

Weights
 rank  item  weight    from      to  ranks
    1  x     59.2 %  44.6 %  72.8 %    1–1
    2  y     25.0 %  18.1 %  32.0 %    2–2
    3  z     15.8 %   9.3 %  24.3 %    3–3
Weights by least-squares; 90 % bounds from 100 draws of the jurors; ranks told apart at 95 %.

What these comparisons do not support
* What hangs on ben: without it 10.8 % of the money goes elsewhere, x has 48.4 % instead of 59.2 %.
* What hangs on dan: without it 7.8 % of the money goes elsewhere, x has 67.0 % instead of 59.2 %.
* The answers on a single pair move 7.0 % of the money, x by -7.0 points.
── exit 0
"#]]);
}

#[test]
fn more_answers_are_planned() {
    room().tells(
        "allonet weights plan duels.csv --target 20%",
        str![[r#"
── standard output
With these 11 comparisons a typical weight is off by 26.6 %.
Jurors err by 0.94 nats when they say how many times more.
Answers of one juror hang together: 1.3 are worth one of an independent juror.
9 comparisons more on random pairs take it to 20.0 %, if the next jurors are like these.
── exit 0
"#]],
    );
    room().tells("allonet weights plan --items 45 --target 5% --error money --noise 2.28", str![[r#"
── standard output
6,947 comparisons of random pairs of 45 items that say how many times more, with an error of 2.28 nats: 5.0 % of the money goes to the wrong place.

  error  comparisons  of each item
  5.0 %        6,947           309
 10.0 %        1,770            79
 20.0 %          473            21
 30.0 %          230            10
 50.0 %          101             4
── exit 0
"#]]);
}
