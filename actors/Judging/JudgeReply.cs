using System.Net;
using System.Text;
using System.Text.Json;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.Judging;

/// <summary>What comes back when a judge is asked: scores, or one of three faults.</summary>
internal abstract record JudgeReply
{
    private const int ExcerptLength = 200;

    /// <summary>Of each completion, in order; null for one that cannot be scored.</summary>
    public sealed record Answer(EquatableArray<double?> Scores) : JudgeReply;

    /// <summary>It is away or overloaded, and may be back later.</summary>
    /// <param name="Reason">A predicate, such as "answered with status 503".</param>
    public sealed record Away(string Reason) : JudgeReply;

    /// <summary>It has sent something else than scores.</summary>
    /// <param name="What">What it sent.</param>
    public sealed record Garbled(string What) : JudgeReply;

    /// <summary>It does not take the question, and would not do so later.</summary>
    /// <param name="What">What it answered.</param>
    public sealed record Refusal(string What, string Advice) : JudgeReply;

    /// <param name="completions">That it was asked about.</param>
    public static JudgeReply Of(HttpStatusCode status, byte[] content, int completions) => (int)status switch
    {
        >= 200 and < 300 => Read(content, completions),
        408 or 425 or 429 or >= 500 => new Away($"answered with {Words(status, content)}"),
        >= 300 and < 400 => new Refusal(Words(status, []), "set scoring.judge to the address that it redirects to"),
        401 or 403 => new Refusal(Words(status, content), $"put a token that it accepts into {Data.Rewards.ScoringOptions.JudgeToken}"),
        404 or 405 => new Refusal(Words(status, content), "correct the path in scoring.judge"),
        _ => new Refusal(Words(status, content), "correct scoring.judge, or the judge"),
    };

    private static JudgeReply Read(byte[] content, int completions)
    {
        try
        {
            using var json = JsonDocument.Parse(content, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (json.RootElement is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("scores", out var scores)
                || scores.ValueKind is not JsonValueKind.Array)
                return Wrong("no list \"scores\"");
            if (scores.GetArrayLength() != completions)
                return Wrong($"{scores.GetArrayLength()} scores for {completions} completions");
            var found = new double?[completions];
            foreach (var (index, score) in scores.EnumerateArray().Index())
            {
                if (score.ValueKind is JsonValueKind.Null)
                    continue;
                if (score.ValueKind is not JsonValueKind.Number || !score.TryGetDouble(out var value)
                    || !(Math.Abs(value) <= RolloutScore.Largest))
                    return Wrong($"a score that is neither null nor a number within ±{RolloutScore.Largest}");
                found[index] = value;
            }

            return new Answer([.. found]);
        }
        catch (JsonException)
        {
            return Wrong("no valid JSON");
        }

        Garbled Wrong(string what) => new($"{what}: {(content.Length == 0 ? "nothing" : Excerpt(content))}");
    }

    private static string Words(HttpStatusCode status, byte[] content) =>
        $"status {(int)status}" + (content.Length == 0 ? "" : $" ({Excerpt(content)})");

    // One line, whatever it is.
    private static string Excerpt(byte[] content)
    {
        var text = Encoding.UTF8.GetString(content.AsSpan(0, Math.Min(content.Length, 4 * ExcerptLength)));
        var line = string.Join(' ', string.Concat(text.Select(static letter => char.IsControl(letter) ? ' ' : letter))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= ExcerptLength ? line : $"{line[..ExcerptLength]}…";
    }
}
