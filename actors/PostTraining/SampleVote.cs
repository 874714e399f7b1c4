using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>What workers say that one rollout is. It is a pure function of its name, so answers differ only if somebody computed
/// wrongly.</summary>
internal sealed class SampleVote
{
    private readonly List<(ActorId Worker, int Attempt, Rollout Rollout)> answers = [];
    private readonly HashSet<int> open = [0];
    private int needed = 1;
    private int attempts = 1;

    /// <summary>What so many answers agree on as are needed; null before.</summary>
    public Rollout? Accepted { get; private set; }

    /// <summary>Whether all attempts are answered and not enough of them agree.</summary>
    public bool IsDisputed => Accepted is null && open.Count == 0;

    /// <summary>Those who answered other than what was accepted.</summary>
    public IEnumerable<ActorId> Outliers => answers.Where(answer => Accepted is not null && answer.Rollout != Accepted)
        .Select(static answer => answer.Worker).Distinct();

    /// <summary>Numbers of those who answered.</summary>
    public IReadOnlySet<int> Workers => answers.Select(static answer => answer.Worker.Number).ToHashSet();

    /// <summary>Numbers of those who answered other attempts.</summary>
    public IEnumerable<int> Others(int attempt) =>
        answers.Where(answer => answer.Attempt != attempt).Select(static answer => answer.Worker.Number);

    /// <summary>Asks for one more computation.</summary>
    /// <param name="toCompare">Whether two must agree from now on.</param>
    /// <returns>The number of the attempt.</returns>
    public int AskAgain(bool toCompare)
    {
        needed = toCompare ? 2 : needed;
        open.Add(attempts);
        return attempts++;
    }

    /// <summary>An answer that comes late may prove that an accepted one is wrong; then the vote is open again.</summary>
    public void Add(ActorId worker, int attempt, Rollout rollout)
    {
        if (answers.Exists(answer => (answer.Worker, answer.Attempt) == (worker, attempt)))
            return;
        answers.Add((worker, attempt, rollout));
        open.Remove(attempt);
        if (Accepted is not null && rollout == Accepted)
            return;
        if (Accepted is not null)
            needed = 2;
        Count();
    }

    /// <summary>Nothing that a worker said counts any more, in whatever life.</summary>
    /// <param name="worker">Its number.</param>
    /// <returns>Whether nothing is accepted any more.</returns>
    public bool Withdraw(int worker)
    {
        var wasAccepted = Accepted is not null;
        answers.RemoveAll(answer => answer.Worker.Number == worker);
        Count();
        return wasAccepted && Accepted is null;
    }

    // Where answers differ, nobody agrees with itself.
    private void Count()
    {
        var isContested = answers.Exists(answer => answer.Rollout != answers[0].Rollout);
        Accepted = answers.GroupBy(static answer => answer.Rollout).FirstOrDefault(
            group => (isContested ? group.DistinctBy(static answer => answer.Worker.Number) : group).Count() >= needed)?.Key;
    }
}
