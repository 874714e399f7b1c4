using ActorTrain.Models;
using ActorTrain.Persistence.Rollouts;

namespace ActorTrain.Actors.Judging;

/// <summary>A judge whose first answer to a question is the truth: it is kept before anyone learns of it, and never asked for
/// again.</summary>
/// <remarks>So a score is a function of the question, like a reward that is computed, as long as the answers are kept. What is killed
/// between answer and record asks again, with the same key. Thread-safe.</remarks>
/// <param name="kept">Owned.</param>
/// <param name="judge">Owned; null: nobody is asked, and only what is kept counts.</param>
public sealed class RecordedJudge(Judgements kept, HttpJudge? judge) : IDisposable
{
    /// <summary>One sentence why the judge does not answer; null if it does, or is not asked.</summary>
    public string? Delay => judge?.Delay;

    /// <summary>Finds the answer to a question, or asks for it.</summary>
    /// <returns>The score of each completion; null for one that cannot be scored.</returns>
    /// <exception cref="UserErrorException">The judge gives no scores, or they cannot be kept; or nobody is asked, and none are
    /// kept.</exception>
    public async Task<EquatableArray<double?>> Ask(JudgeQuestion question, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(question);
        if (kept.Find(question.Key) is { } known)
            return known;
        if (judge is null)
        {
            throw new UserErrorException($"{kept.Path} has no scores of the judge for these answers to the prompt at position "
                + $"{question.Position}; restore that file from a copy, for the judge is not asked about the past.");
        }

        var scores = await judge.Ask(question, cancellation).ConfigureAwait(false);
        return kept.Keep(new Judgement(question.Key, question.Position, scores));
    }

    public void Dispose()
    {
        judge?.Dispose();
        kept.Dispose();
    }
}
