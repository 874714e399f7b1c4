using ActorTrain.Models.Lanes;

namespace ActorTrain.Actors.Run;

/// <summary>A block of lanes whose gradient is computed more than once, because bits that are computed twice must agree.</summary>
internal sealed class RoundCheck(LaneBlock block)
{
    private const int MostVotes = 5;
    private readonly List<(TrainerKey Trainer, ulong Hash)> votes = [];

    public LaneBlock Block => block;

    /// <summary>Who is computing it once more.</summary>
    public TrainerEntry? Asked { get; set; }

    /// <summary>How often that was asked.</summary>
    public int Attempt { get; set; }

    public IReadOnlyList<(TrainerKey Trainer, ulong Hash)> Votes => votes;

    public bool Agrees => votes.Count >= 2 && votes.TrueForAll(vote => vote.Hash == votes[0].Hash);

    /// <summary>Whether another vote is needed; else it agrees, or there are liars, or nobody can tell.</summary>
    public bool IsOpen => !Agrees && Truth is null && votes.Count < MostVotes;

    /// <summary>Those who gave other bits than most; all of them where there is no majority.</summary>
    public IReadOnlyList<TrainerKey> Liars => Agrees ? [] : [.. votes.Where(vote => vote.Hash != Truth).Select(static vote => vote.Trainer).Distinct()];

    public string Evidence => $"lanes {block}: " + string.Join(", ", votes.GroupBy(static vote => vote.Hash).Select(static same => $"{string.Join(" and ", same.Select(static vote => vote.Trainer))} got {same.Key:x16}"));

    // Two against one, or better.
    private ulong? Truth => votes.GroupBy(static vote => vote.Hash).OrderByDescending(static same => same.Count()).Where(same => same.Count() >= 2 && same.Count() > votes.Count - same.Count())
        .Select(static same => (ulong?)same.Key).FirstOrDefault();

    public void Vote(TrainerKey trainer, ulong hash) => votes.Add((trainer, hash));

    public int VotesOf(TrainerKey trainer) => votes.Count(vote => vote.Trainer == trainer);
}
