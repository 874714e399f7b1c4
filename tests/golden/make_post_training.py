#!/usr/bin/python3
"""Golden numbers of post-training: losses, their gradients and advantages, written from the papers' definitions and computed in float64.

    /usr/bin/python3 tests/golden/make_post_training.py            # writes post-training.json beside this script
    /usr/bin/python3 tests/golden/make_post_training.py --check    # compares it with what it computes; changes nothing

Needs Debian's python3-torch (1.13) and nothing else. It shares no code with ActorTrain: gradients are those of autograd, of losses in the
shape in which the papers print them. README.md describes the file.
Sources: DPO (Rafailov et al. 2023), IPO (Azar et al. 2023), KTO (Ethayarajh et al. 2024), SimPO (Meng et al. 2024), ORPO (Hong et al. 2024),
Bradley-Terry and rankings (Ouyang et al. 2022), GAE (Schulman et al. 2015), PPO (Schulman et al. 2017), dual clip (Ye et al. 2020), GRPO
(Shao et al. 2024), Dr. GRPO (Liu et al. 2025), RLOO (Ahmadian et al. 2024), REINFORCE++ (Hu 2025), DAPO (Yu et al. 2025), GSPO (Zheng et al.
2025), CISPO (MiniMax 2025), decoupled PPO (Hilton et al. 2022), TIS (Yao et al. 2025), IcePop (Ling team 2025), KL estimators (Schulman
2020), rewards and the KL controller (Ziegler et al. 2019).
"""
import argparse
import json
import math
import pathlib
import random

import torch

FILE = pathlib.Path(__file__).resolve().parent / "post-training.json"


def leaf(values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def case(loss, leaves, **given):
    """What was given, the loss, and its gradient with respect to each leaf (a tensor or a list of tensors)."""
    flat = [tensor for value in leaves.values() for tensor in (value if isinstance(value, list) else [value])]
    gradients = iter(torch.autograd.grad(loss, flat, allow_unused=True))

    def numbers(tensor):
        return tensor.tolist()

    def gradient(tensor):
        found = next(gradients)
        return numbers(torch.zeros_like(tensor) if found is None else found)

    result = dict(given)
    for name, value in leaves.items():
        result[name] = [numbers(t) for t in value] if isinstance(value, list) else numbers(value)
    result["loss"] = loss.item()
    for name, value in leaves.items():
        result["gradient_" + name] = [gradient(t) for t in value] if isinstance(value, list) else gradient(value)
    return result


# ---- Preferences ---------------------------------------------------------------------------------------------------------------------------

def completions(rng, count):
    """Log-probabilities of tokens, of the policy and of the reference, of completions of various lengths."""
    lengths = [rng.randrange(1, 6) for _ in range(count)]
    policy = [leaf([-3 * rng.random() - 0.01 for _ in range(n)]) for n in lengths]
    reference = [[value - 0.8 + 1.6 * rng.random() for value in tokens.tolist()] for tokens in policy]
    return policy, reference


def pair_case(rng, formula, scale=1.0, **settings):
    pairs = 5
    chosen, chosen_reference = completions(rng, pairs)
    rejected, rejected_reference = completions(rng, pairs)
    chosen_reference, rejected_reference = ([[scale * v for v in tokens] for tokens in r] for r in (chosen_reference, rejected_reference))
    loss = sum(formula(c, torch.tensor(cr, dtype=torch.float64), r, torch.tensor(rr, dtype=torch.float64))
               for c, cr, r, rr in zip(chosen, chosen_reference, rejected, rejected_reference)) / pairs
    return case(loss, dict(chosen=chosen, rejected=rejected), chosen_reference=chosen_reference, rejected_reference=rejected_reference,
                **settings)


def log_sigmoid(x):
    return torch.nn.functional.logsigmoid(x)


def dpo(beta, smoothing):
    def formula(c, cr, r, rr):
        x = beta * ((c.sum() - cr.sum()) - (r.sum() - rr.sum()))
        return -(1 - smoothing) * log_sigmoid(x) - smoothing * log_sigmoid(-x)
    return formula


def ipo(beta, mean):
    def formula(c, cr, r, rr):
        h = (c.mean() - cr.mean()) - (r.mean() - rr.mean()) if mean else (c.sum() - cr.sum()) - (r.sum() - rr.sum())
        return (h - 1 / (2 * beta)) ** 2
    return formula


def simpo(beta, gamma):
    def formula(c, cr, r, rr):
        return -log_sigmoid(beta / len(c) * c.sum() - beta / len(r) * r.sum() - gamma)
    return formula


def orpo(beta):
    def log_odds(tokens):
        p = torch.exp(tokens.mean())
        return torch.log(p / (1 - p))

    def formula(c, cr, r, rr):
        return -c.mean() - beta * log_sigmoid(log_odds(c) - log_odds(r))
    return formula


def kto(rng, beta, desirable_weight, undesirable_weight, drift):
    """z is a constant: the mean log-ratio of mismatched pairs, or 0 if that is negative."""
    count = 6
    policy, reference = completions(rng, count)
    desirable = [rng.random() < 0.5 for _ in range(count)]
    mismatched = [drift + rng.gauss(0, 1) for _ in range(count)]
    z = max(0.0, sum(mismatched) / count)
    loss = 0
    for tokens, r, good in zip(policy, reference, desirable):
        reward = tokens.sum() - sum(r)
        value = desirable_weight * torch.sigmoid(beta * (reward - z)) if good else undesirable_weight * torch.sigmoid(beta * (z - reward))
        loss = loss + (desirable_weight if good else undesirable_weight) - value
    return case(loss / count, dict(policy=policy), reference=reference, desirable=desirable, mismatched=mismatched, z=z, beta=beta,
                desirable_weight=desirable_weight, undesirable_weight=undesirable_weight)


def preferences(rng):
    return {
        "dpo": [pair_case(rng, dpo(beta, smoothing), beta=beta, smoothing=smoothing)
                for beta, smoothing in ((0.1, 0.0), (0.5, 0.0), (0.1, 0.2), (30.0, 0.1))],
        "ipo": [pair_case(rng, ipo(beta, mean), beta=beta, mean=mean) for beta in (0.1, 0.7) for mean in (False, True)],
        "simpo": [pair_case(rng, simpo(beta, gamma), beta=beta, gamma=gamma) for beta, gamma in ((0.1, 0.5), (2.5, 1.4))],
        "orpo": [pair_case(rng, orpo(beta), beta=beta) for beta in (0.1, 1.0)],
        "kto": [kto(rng, *settings) for settings in ((0.1, 1.0, 1.0, 0.5), (0.5, 1.0, 1.3, 2.0), (0.3, 1.5, 1.0, -2.0))],
    }


# ---- Reward models -------------------------------------------------------------------------------------------------------------------------

def bradley_terry(rng, pairs, centering, margins):
    chosen, rejected = (leaf([rng.gauss(centre, 2) for _ in range(pairs)]) for centre in (1, 0))
    margin = torch.tensor([rng.random() if margins else 0.0 for _ in range(pairs)], dtype=torch.float64)
    loss = -log_sigmoid(chosen - rejected - margin).mean() + centering * ((chosen + rejected) ** 2).mean()
    return case(loss, dict(chosen=chosen, rejected=rejected), margin=margin.tolist(), centering=centering,
                accuracy=(chosen > rejected).double().mean().item())


def ranking(rng, ks):
    rewards = [leaf([rng.gauss(0, 1) for _ in range(k)]) for k in ks]
    loss = sum(-log_sigmoid(r[i] - r[j]) / math.comb(len(r), 2) for r in rewards for i in range(len(r)) for j in range(i + 1, len(r)))
    return case(loss / len(ks), dict(rewards=rewards))


def normalization(rng):
    rewards = torch.tensor([rng.gauss(3, 2) for _ in range(9)], dtype=torch.float64)
    gain = 1 / rewards.std(unbiased=False)
    return dict(rewards=rewards.tolist(), normalized=((rewards - rewards.mean()) * gain).tolist(), gain=gain.item())


def reward_models(rng):
    return {
        "bradley_terry": [bradley_terry(rng, 6, centering, margins) for centering, margins in ((0.0, False), (0.01, True))],
        "ranking": [ranking(rng, (2, 4, 9))],
        "normalization": [normalization(rng)],
    }


# ---- Advantages ----------------------------------------------------------------------------------------------------------------------------

def group_of(rng, size, unscorable=0, step=None):
    rewards = [round(rng.gauss(0, 1), 3) if step is None else float(rng.randrange(step)) for _ in range(size)]
    for i in rng.sample(range(size), unscorable):
        rewards[i] = None
    return rewards


def group_case(rewards, formula, **settings):
    """Advantages of the scored samples, by a formula of their tensor; 0 for the others, and where there is nothing to compare."""
    scored = torch.tensor([r for r in rewards if r is not None], dtype=torch.float64)
    values = iter(formula(scored).tolist() if len(scored) > 1 and scored.min() < scored.max() else [0.0] * len(scored))
    return dict(rewards=rewards, advantages=[0.0 if r is None else next(values) for r in rewards], **settings)


def leave_one_out(r):
    others = [torch.cat([r[:i], r[i + 1:]]).mean() for i in range(len(r))]
    return r - torch.stack(others)


def gae(rng, length, masked, gamma, lam):
    """The sum of equation 16 as it stands, over the live tokens only."""
    rewards, values = ([rng.gauss(0, 1) for _ in range(length)] for _ in range(2))
    mask = [rng.random() < 0.6 if masked else True for _ in range(length)]
    live = [t for t in range(length) if mask[t]]
    V = [values[t] for t in live] + [0.0]
    delta = [rewards[t] + gamma * V[k + 1] - V[k] for k, t in enumerate(live)]
    advantages, returns = [0.0] * length, [0.0] * length
    for k, t in enumerate(live):
        advantages[t] = sum((gamma * lam) ** (j - k) * delta[j] for j in range(k, len(live)))
        returns[t] = advantages[t] + values[t]
    return dict(rewards=rewards, values=values, mask=mask, gamma=gamma, lam=lam, advantages=advantages, returns=returns)


def returns_to_go(rng, length, gamma):
    rewards, mask = [rng.gauss(0, 1) for _ in range(length)], [rng.random() < 0.7 for _ in range(length)]
    live = [t for t in range(length) if mask[t]]
    returns = [0.0] * length
    for k, t in enumerate(live):
        returns[t] = sum(gamma ** (j - k) * rewards[live[j]] for j in range(k, len(live)))
    return dict(rewards=rewards, mask=mask, gamma=gamma, returns=returns)


def whitening(rng, unbiased, shift):
    values, mask = [rng.gauss(3, 2) for _ in range(12)], [rng.random() < 0.7 for _ in range(12)]
    live = torch.tensor([v for v, m in zip(values, mask) if m], dtype=torch.float64)
    white = (live - live.mean()) / torch.sqrt(live.var(unbiased=unbiased) + 1e-8) + (0.0 if shift else live.mean())
    white = iter(white.tolist())
    return dict(values=values, mask=mask, unbiased=unbiased, shift=shift, whitened=[next(white) if m else 0.0 for m in mask])


def reinforce_plus_plus_baseline(rng):
    """Group mean subtracted, each token the advantage of its sample, whitened over all tokens."""
    groups = [group_of(rng, 4) for _ in range(3)]
    lengths = [[rng.randrange(1, 4) for _ in group] for group in groups]
    tokens = torch.tensor([r - sum(group) / len(group) for group, ns in zip(groups, lengths) for r, n in zip(group, ns) for _ in range(n)],
                          dtype=torch.float64)
    return dict(groups=groups, lengths=[[float(n) for n in ns] for ns in lengths],
                advantages=((tokens - tokens.mean()) / torch.sqrt(tokens.var(unbiased=False) + 1e-8)).tolist())


def dapo_filter(rng, wanted):
    candidates = [group_of(rng, 4, unscorable=rng.randrange(3), step=2) for _ in range(10)]
    spread = [len({r for r in group if r is not None}) > 1 for group in candidates]
    used = [i for i in range(10) if spread[i] and sum(spread[:i]) < wanted]
    return dict(candidates=candidates, wanted=wanted, used=[float(i) for i in used])


def advantages(rng):
    groups = [group_of(rng, 6), group_of(rng, 5, unscorable=2), group_of(rng, 1), group_of(rng, 3, unscorable=2), [0.1, 0.1, 0.1],
              [None, None], group_of(rng, 8, step=2)]
    return {
        "grpo": [group_case(g, lambda r, e=epsilon: (r - r.mean()) / (r.std() + e), epsilon=epsilon)
                 for epsilon in (1e-4, 1e-6) for g in groups],
        "dr_grpo": [group_case(g, lambda r: r - r.mean()) for g in groups],
        "rloo": [group_case(g, leave_one_out) for g in groups],
        "gae": [gae(rng, 9, masked, gamma, lam) for masked in (False, True) for gamma, lam in ((1.0, 0.95), (0.9, 0.8), (1.0, 1.0))],
        "returns_to_go": [returns_to_go(rng, 9, gamma) for gamma in (1.0, 0.9)],
        "whitening": [whitening(rng, unbiased, shift) for unbiased in (False, True) for shift in (False, True)],
        "reinforce_plus_plus_baseline": [reinforce_plus_plus_baseline(rng)],
        "dapo_filter": [dapo_filter(rng, wanted) for wanted in (2, 4, 10)],
    }


# ---- Rewards of a policy -------------------------------------------------------------------------------------------------------------------

def token_rewards(rng, score, clip, beta):
    n = 7
    old, reference = ([-2 * rng.random() for _ in range(n)] for _ in range(2))
    mask = [True] * 3 + [False] + [True] * 2 + [False]
    rewards = [-beta * (o - r) if m else 0.0 for o, r, m in zip(old, reference, mask)]
    rewards[5] += min(max(score, -clip), clip)
    return dict(old=old, reference=reference, mask=mask, score=score, clip=clip, beta=beta, rewards=rewards,
                kl=sum(o - r for o, r, m in zip(old, reference, mask) if m))


def controller(rng):
    beta, target, horizon, n = 0.15, 6.0, 10_000.0, 64
    divergences, betas = [rng.uniform(0, 14) for _ in range(12)], []
    for divergence in divergences:
        error = min(max(divergence / target - 1, -0.2), 0.2)
        beta *= 1 + error * n / horizon
        betas.append(beta)
    return dict(beta=0.15, target=target, horizon=horizon, sequences=float(n), divergences=[d * n for d in divergences], betas=betas)


def overlong():
    """Equation 13 of DAPO by its three cases."""
    longest, cache = 20, 8

    def penalty(n):
        if n <= longest - cache:
            return 0.0
        return ((longest - cache) - n) / cache if n <= longest else -1.0
    return dict(longest=20.0, margin=8.0, lengths=[float(n) for n in range(1, 25)], penalties=[penalty(n) for n in range(1, 25)])


def rewards(rng):
    return {
        "token_rewards": [token_rewards(rng, score, clip, beta) for score, clip, beta in ((1.5, 10.0, 0.05), (12.0, 10.0, 0.1), (-30.0, 5.0, 0.0))],
        "kl_controller": [controller(rng)],
        "overlong": [overlong()],
    }


# ---- Steps ---------------------------------------------------------------------------------------------------------------------------------

def coarse(rng, low, high):
    """A number that float32 holds exactly: log-probabilities and values of rollouts are stored in it."""
    return rng.randrange(int(1024 * low), int(1024 * high)) / 1024


def rollout(rng, reward, longest):
    n = rng.randrange(1, longest + 1)
    return dict(logs=[coarse(rng, -2, 0) for _ in range(n)], reference=[coarse(rng, -2, 0) for _ in range(n)],
                values=[coarse(rng, -1, 1) for _ in range(n)], ended=rng.random() < 0.6, reward=reward)


def step_case(rng, estimator, longest=8, beta=0.0, missing="keep", amount=0.0, margin=0, clip=0.0, mask_truncated=False, wanted=0,
              epsilon=1e-4, gamma=1.0, lam=0.95, whiten=True):
    """From the scores of all rollouts of a step to the advantage of each token, all at once; a group of one, one of equal scores, and
    ones with rollouts that could not be scored among them. What is not trained on has no advantages."""
    scores = [group_of(rng, 4), group_of(rng, 1), group_of(rng, 3, unscorable=1), [0.25] * 3, [None, None], group_of(rng, 4, unscorable=1)]
    groups = [[rollout(rng, score, longest) for score in group] for group in scores]
    of_tokens = estimator in ("gae", "reinforce_plus_plus")
    whitens = estimator in ("reinforce_plus_plus", "reinforce_plus_plus_baseline") or (estimator == "gae" and whiten)

    def value(one):
        if one["reward"] is None:
            return None
        R, n = one["reward"], len(one["logs"])
        if not one["ended"]:
            R = {"keep": R, "replace": amount, "subtract": R - amount}[missing]
        if margin and n > longest - margin:
            R += (longest - margin - n) / margin
        if clip:
            R = max(-clip, min(clip, R))
        return R if of_tokens else R - beta * sum(o - r for o, r in zip(one["logs"], one["reference"]))

    used = 0
    for group in groups:
        R = [value(one) for one in group]
        spread = len({r for r in R if r is not None}) > 1
        takes = not wanted or (spread and used < wanted)
        used += takes
        if estimator in ("gae", "reinforce_plus_plus"):
            baselined = R
        else:
            formula = {"grpo": lambda r: (r - r.mean()) / (r.std() + epsilon), "rloo": leave_one_out}.get(estimator, lambda r: r - r.mean())
            baselined = group_case(R, formula)["advantages"]
        for one, r, A in zip(group, R, baselined):
            n = len(one["logs"])
            trains = takes and not (r is None and (of_tokens or whitens))
            live = trains and (one["ended"] or not mask_truncated)
            one.update(advantages=[0.0] * n if trains else [], live=live, returns=[])
            if not trains:
                continue
            if not of_tokens:
                one["advantages"] = [A] * n
            elif live:
                rewards = [-beta * (o - f) for o, f in zip(one["logs"], one["reference"])]
                rewards[-1] += r
                if estimator == "gae":
                    V = one["values"] + [0.0]
                    delta = [rewards[t] + gamma * V[t + 1] - V[t] for t in range(n)]
                    one["advantages"] = [sum((gamma * lam) ** (j - t) * delta[j] for j in range(t, n)) for t in range(n)]
                    one["returns"] = [a + v for a, v in zip(one["advantages"], V)]
                else:
                    one["advantages"] = [sum(rewards[t:]) for t in range(n)]
            elif estimator == "gae":
                one["returns"] = [0.0] * n
    if whitens:
        live = [one for group in groups for one in group if one["live"]]
        all_tokens = torch.tensor([a for one in live for a in one["advantages"]], dtype=torch.float64)
        for group in groups:
            for one in group:
                one["advantages"] = [((a - all_tokens.mean()) / torch.sqrt(all_tokens.var(unbiased=False) + 1e-8)).item() if one["live"] else 0.0
                                     for a in one["advantages"]]
    return dict(estimator=estimator, longest=float(longest), beta=beta, missing=missing, amount=amount, margin=float(margin), clip=clip,
                mask_truncated=mask_truncated, wanted=float(wanted), epsilon=epsilon, gamma=gamma, lam=lam, whiten=whiten, groups=groups)


def steps(rng):
    """Every estimator plainly, with all that changes a score, and with DAPO's masks and filter."""
    every = ("grpo", "dr_grpo", "rloo", "reinforce_plus_plus", "reinforce_plus_plus_baseline", "gae")
    return {"step": [step_case(rng, e) for e in every]
            + [step_case(rng, e, beta=0.1, missing="subtract", amount=0.5, margin=4, clip=0.9) for e in every]
            + [step_case(rng, e, missing="replace", amount=-1.0, mask_truncated=True, wanted=3) for e in every]
            + [step_case(rng, "gae", beta=0.05, gamma=0.9, lam=0.8, whiten=False), step_case(rng, "grpo", epsilon=1e-6)]}


# ---- KL estimators -------------------------------------------------------------------------------------------------------------------------

def estimator(rng, name):
    """Of a ratio r = πʳ/π of probabilities, as in Schulman's note: k1 = −log r, k2 = ½ (log r)², k3 = r − 1 − log r."""
    logs = leaf([rng.gauss(-1, 1) for _ in range(6)])
    reference, sampler = (torch.tensor([rng.gauss(-1, 1) for _ in range(6)], dtype=torch.float64) for _ in range(2))
    log_r = reference - logs
    value = {"k1": -log_r, "k2": log_r ** 2 / 2, "k3": torch.exp(log_r) - 1 - log_r,
             "weighted_k2": (torch.exp(logs) / torch.exp(sampler)).detach() * log_r ** 2 / 2}[name]
    return case(value.sum(), dict(logs=logs), estimator=name, reference=reference.tolist(), sampler=sampler.tolist(), values=value.tolist())


def estimators(rng):
    return {"kl": [estimator(rng, name) for name in ("k1", "k2", "k3", "weighted_k2")]}


# ---- Policy losses -------------------------------------------------------------------------------------------------------------------------

def policy_case(rng, objective="ppo", ratio="token", aggregation="token_mean", low=0.2, high=0.28, dual=0.0, length=12, kl="", kl_coefficient=0.0,
                entropy_coefficient=0.0, correction="none", age_low=0.0, age_high=2.0, spread=0.4, per_token=True):
    """Five sequences with masks. Both denominators are of all of them, also of what the correction drops."""
    lengths = [rng.randrange(2, 7) for _ in range(5)]
    old, behaviour, reference, entropies = ([[-2 * rng.random() - 0.1 for _ in range(n)] for n in lengths] for _ in range(4))
    behaviour = [[o + rng.gauss(0, spread) for o in row] for row in old]
    reference = [[o + rng.gauss(0, 0.5) for o in row] for row in old]
    entropies = [leaf(row) for row in entropies]
    logs = [leaf([o + rng.gauss(0, spread) for o in row]) for row in old]
    of_sequence = [rng.gauss(0, 1) for _ in lengths]
    advantages = [[a + (rng.gauss(0, 0.5) if per_token else 0) for _ in range(n)] for a, n in zip(of_sequence, lengths)]
    masks = [[True] + [rng.random() < 0.8 for _ in range(n - 1)] for n in lengths]
    tokens, sequences = sum(map(sum, masks)), len(lengths)

    total = 0
    for row in range(sequences):
        live = torch.tensor(masks[row])

        def pick(values):
            return (values if torch.is_tensor(values) else torch.tensor(values, dtype=torch.float64))[live]
        l, lo, lb, lr, A, H = map(pick, (logs[row], old[row], behaviour[row], reference[row], advantages[row], entropies[row]))
        if ratio == "token":
            rho = torch.exp(l - lo)
        elif ratio == "mean":  # of GSPO, in its token form
            s = torch.exp(l - lo).prod() ** (1 / len(l))
            rho = s.detach() * torch.exp(l) / torch.exp(l).detach()
        else:  # of the whole sequence; every token's loss is that of the sequence
            rho = torch.exp((l - lo).sum()).expand(len(l))
        if objective == "ppo":
            surrogate = torch.minimum(rho * A, torch.clamp(rho, 1 - low, 1 + high) * A)
            if dual:
                surrogate = torch.where(A < 0, torch.maximum(surrogate, dual * A), surrogate)
            loss = -surrogate
        elif objective == "cispo":
            loss = -torch.clamp(rho, max=1 + high).detach() * A * l
        else:
            loss = -A * l
        w = torch.exp(lo - lb)
        w_sequence = w.prod().expand(len(w))
        w = {"none": torch.ones_like(w), "token_truncate": torch.clamp(w, max=age_high),
             "token_mask": torch.where((w >= age_low) & (w <= age_high), w, torch.zeros_like(w)),
             "sequence_truncate": torch.clamp(w_sequence, max=age_high),
             "sequence_mask": torch.where((w_sequence >= age_low) & (w_sequence <= age_high), w_sequence, torch.zeros_like(w))}[correction]
        loss = w * loss
        x, from_sampler = l - lr, torch.exp(l - (lb if correction != "none" else lo)).detach()
        if kl:
            loss = loss + kl_coefficient * {"k2": x ** 2 / 2, "k3": torch.exp(-x) + x - 1, "weighted_k2": from_sampler * x ** 2 / 2}[kl]
        loss = loss - entropy_coefficient * H
        total = total + {"token_mean": loss.sum() / tokens, "sequence_mean_of_token_mean": loss.mean() / sequences,
                         "sequence_mean_of_token_sum": loss.sum() / sequences,
                         "sequence_mean_of_token_sum_over_length": loss.sum() / (sequences * length)}[aggregation]
    return case(total, dict(logs=logs, entropies=entropies), old=old, behaviour=behaviour if correction != "none" else [], reference=reference,
                advantages=advantages, masks=masks, tokens=tokens, sequences=sequences, objective=objective, ratio=ratio, aggregation=aggregation,
                low=low, high=high, dual=dual, length=length, kl=kl, kl_coefficient=kl_coefficient, entropy_coefficient=entropy_coefficient,
                correction=correction, age_low=age_low, age_high=age_high)


def value_case(rng, limit):
    rows = [rng.randrange(2, 6) for _ in range(4)]
    old = [[rng.gauss(0, 1) for _ in range(n)] for n in rows]
    values = [leaf([o + rng.gauss(0, 0.4) for o in row]) for row in old]
    returns = [[o + rng.gauss(0, 0.6) for o in row] for row in old]
    masks = [[True] + [rng.random() < 0.8 for _ in range(n - 1)] for n in rows]
    losses = []
    for V, o, R, m in zip(values, old, returns, masks):
        o, R = torch.tensor(o, dtype=torch.float64), torch.tensor(R, dtype=torch.float64)
        limited = o + torch.clamp(V - o, -limit, limit)
        losses.append((0.5 * torch.maximum((V - R) ** 2, (limited - R) ** 2))[torch.tensor(m)])
    return case(0.1 * torch.cat(losses).mean(), dict(values=values), old=old, returns=returns, masks=masks, clip=limit, coefficient=0.1,
                tokens=sum(map(sum, masks)))


def losses(rng):
    aggregations = ("token_mean", "sequence_mean_of_token_mean", "sequence_mean_of_token_sum", "sequence_mean_of_token_sum_over_length")
    corrections = (("token_truncate", 0.0, 1.2), ("token_mask", 0.7, 1.5), ("sequence_truncate", 0.0, 1.1), ("sequence_mask", 0.5, 2.0))
    return {
        "policy": [policy_case(rng, aggregation=aggregation) for aggregation in aggregations]
        + [policy_case(rng, dual=1.3, spread=0.9), policy_case(rng, objective="cispo"), policy_case(rng, objective="reinforce")]
        + [policy_case(rng, ratio="mean", low=3e-2, high=4e-2, aggregation=a, per_token=p) for a in aggregations[:2] for p in (False, True)]
        + [policy_case(rng, ratio="sum", aggregation=a, per_token=False) for a in aggregations[:3]]
        + [policy_case(rng, objective="cispo", ratio="mean", high=0.05)]
        + [policy_case(rng, kl=kl, kl_coefficient=0.3, aggregation=aggregations[1]) for kl in ("k2", "k3", "weighted_k2")]
        + [policy_case(rng, correction=c, age_low=lo, age_high=hi) for c, lo, hi in corrections]
        + [policy_case(rng, correction="token_truncate", kl="weighted_k2", kl_coefficient=0.2, entropy_coefficient=0.01)],
        "value": [value_case(rng, limit) for limit in (0.2, 0.5, 1e9)],
    }


# ---- The file ------------------------------------------------------------------------------------------------------------------------------

def compute():
    document = {}
    for part in (preferences, reward_models, advantages, rewards, steps, estimators, losses):
        document.update(part(random.Random(f"golden post-training {part.__name__}")))
    return document


def differences(ours, theirs, path=""):
    """Where two documents differ by more than 1e-12 of a number's size."""
    if isinstance(ours, (dict, list)) and type(ours) == type(theirs) and len(ours) == len(theirs):
        for key in ours if isinstance(ours, dict) else range(len(ours)):
            yield from differences(ours[key], theirs[key] if not isinstance(ours, dict) or key in theirs else None, f"{path}/{key}")
    elif isinstance(ours, float) and isinstance(theirs, (int, float)):
        if abs(ours - theirs) > 1e-12 * max(1, abs(theirs)):
            yield f"{path}: {ours} instead of {theirs}"
    elif ours != theirs:
        yield f"{path}: differs"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare the file with what is computed; exit 1 when they differ")
    torch.set_num_threads(1)
    document = compute()
    if arguments.parse_args().check:
        found = list(differences(document, json.loads(FILE.read_text())))
        print("\n".join(found) or f"{FILE.name}: {sum(map(len, document.values()))} cases agree")
        raise SystemExit(1 if found else 0)
    lines = (f' "{name}": [\n' + ",\n".join("  " + json.dumps(one) for one in cases) + "\n ]" for name, cases in document.items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{FILE.name}: {sum(map(len, document.values()))} cases, {FILE.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
