using System.Globalization;
using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Run;

/// <summary>A value that several trainers compute to verify that the bits agree: the gradient of a block of lanes or, without a block, the
/// norm of the update.</summary>
/// <remarks>On disagreement, more trainers vote. A trainer that contradicts itself is faulty; among the others the majority is right; a tie
/// is undecided.</remarks>
internal sealed class RoundCheck(LaneBlock? block)
{
    private readonly List<(TrainerKey Trainer, ulong Hash)> votes = [];

    public LaneBlock? Block => block;

    /// <summary>Votes that suffice if they agree.</summary>
    public int Needed { get; set; } = 2;

    /// <summary>The trainer to verify; null for any.</summary>
    public TrainerEntry? Suspect { get; set; }

    public TrainerEntry? Asked { get; set; }

    public int Attempt { get; set; }

    public int Count => votes.Count;

    public IEnumerable<TrainerKey> Voters => votes.Select(static vote => vote.Trainer).Distinct();

    public bool Agrees => votes.Count >= Needed && IsUnanimous;

    public ulong Hash => votes[0].Hash;

    public string Evidence => $"{(block is { } lanes ? $"lanes {lanes}" : "norm of the update")}: "
        + string.Join(", ", votes.GroupBy(static vote => vote.Hash)
            .Select(same => $"{string.Join(" and ", same.Select(static vote => vote.Trainer))} got {Shown(same.Key)}"));

    public void Vote(TrainerKey trainer, ulong hash) => votes.Add((trainer, hash));

    public static ulong HashOf(double norm) => BitConverter.DoubleToUInt64Bits(norm);

    public static double NormOf(ulong hash) => BitConverter.UInt64BitsToDouble(hash);

    public int VotesOf(TrainerKey trainer) => votes.Count(vote => vote.Trainer == trainer);

    /// <summary>The trainers that computed wrong bits, or all voters if the vote is undecided; null while another vote is needed.</summary>
    public IReadOnlyList<TrainerKey>? FindOutliers()
    {
        if (IsUnanimous)
            return null;
        var voters = votes.GroupBy(static vote => vote.Trainer, static vote => vote.Hash).ToList();
        var consistent = voters.Where(static voter => voter.Distinct().Count() == 1).ToList();
        var parties = consistent.GroupBy(static voter => voter.First()).OrderByDescending(static party => party.Count()).ToList();
        if (parties.Count == 0)
            return [.. Voters];
        if (parties.Count == 1 || parties[0].Count() > parties[1].Count())
            return [.. Voters.Except(parties[0].Select(static voter => voter.Key))];
        return consistent.TrueForAll(static voter => voter.Count() >= 2) ? [.. Voters] : null;
    }

    private bool IsUnanimous => votes.TrueForAll(vote => vote.Hash == votes[0].Hash);

    private string Shown(ulong hash) =>
        block is null ? NormOf(hash).ToString("R", CultureInfo.InvariantCulture) : hash.ToString("x16", CultureInfo.InvariantCulture);
}
