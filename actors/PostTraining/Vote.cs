using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>What workers report that one thing is: a rollout, or what one role computes of the rollouts of a prompt. It is a pure function
/// of its name, so answers differ only if somebody computed wrongly.</summary>
internal sealed class Vote<T>
    where T : class
{
    private readonly List<(ActorId Worker, int Attempt, T Answer)> answers = [];
    private readonly HashSet<int> open = [];
    private readonly int first;
    private int needed;

    /// <param name="first">Number of the first attempt.</param>
    /// <param name="isCompared">Whether two must agree.</param>
    public Vote(int first = 0, bool isCompared = false) => (this.first, Next, needed) = (first, first, isCompared ? 2 : 1);

    /// <summary>What so many answers agree on as are needed; null before.</summary>
    public T? Accepted { get; private set; }

    /// <summary>Number of the next attempt.</summary>
    public int Next { get; private set; }

    public bool IsAsked => Next > first;

    /// <summary>Whether all attempts are answered and not enough of them agree: one more is to be asked for.</summary>
    public bool IsUndecided => IsAsked && Accepted is null && open.Count == 0;

    /// <summary>Whether answers differ.</summary>
    public bool IsContested => answers.Exists(answer => !answer.Answer.Equals(answers[0].Answer));

    /// <summary>Those who answered other than what was accepted.</summary>
    public IEnumerable<ActorId> Outliers => answers.Where(answer => Accepted is not null && !answer.Answer.Equals(Accepted))
        .Select(static answer => answer.Worker).Distinct();

    /// <summary>Numbers of those who answered.</summary>
    public IReadOnlySet<int> Workers => answers.Select(static answer => answer.Worker.Number).ToHashSet();

    /// <summary>Numbers of those who answered other attempts.</summary>
    public IEnumerable<int> Others(int attempt) =>
        answers.Where(answer => answer.Attempt != attempt).Select(static answer => answer.Worker.Number);

    /// <summary>Whether a computation was asked for here.</summary>
    public bool Counts(int attempt) => attempt >= first && attempt < Next;

    /// <summary>Asks for a computation.</summary>
    /// <param name="toCompare">Whether two must agree from now on.</param>
    /// <returns>The number of the attempt.</returns>
    public int Ask(bool toCompare = false)
    {
        needed = toCompare ? 2 : needed;
        open.Add(Next);
        return Next++;
    }

    /// <summary>An answer that comes late may prove that an accepted one is wrong; then the vote is open again.</summary>
    public void Add(ActorId worker, int attempt, T answer)
    {
        if (answers.Exists(known => (known.Worker, known.Attempt) == (worker, attempt)))
            return;
        answers.Add((worker, attempt, answer));
        open.Remove(attempt);
        if (Accepted is not null && answer.Equals(Accepted))
            return;
        if (Accepted is not null)
            needed = 2;
        Count();
    }

    /// <summary>Nothing that a worker reported counts any more, in whatever life.</summary>
    /// <param name="worker">Its number.</param>
    public void Withdraw(int worker)
    {
        answers.RemoveAll(answer => answer.Worker.Number == worker);
        Count();
    }

    // Where answers differ, nobody agrees with itself.
    private void Count()
    {
        var isContested = IsContested;
        Accepted = answers.GroupBy(static answer => answer.Answer).FirstOrDefault(
            group => (isContested ? group.DistinctBy(static answer => answer.Worker.Number) : group).Count() >= needed)?.Key;
    }
}
