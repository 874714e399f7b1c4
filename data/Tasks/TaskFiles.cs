using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ActorTrain.Data.Shards;
using ActorTrain.Models;
using ActorTrain.Models.Options;

namespace ActorTrain.Data.Tasks;

/// <summary>What a folder of a task contains: <c>task.json</c>.</summary>
/// <param name="Reward">The formula of a reward for it.</param>
/// <param name="Pairs">Of <c>pairs.jsonl</c>; null if there is none.</param>
/// <param name="Rankings">Of <c>rankings.jsonl</c>, over all pairs of completions of a ranking; null if there is none.</param>
public sealed record TaskSummary(
    string Task, ulong Seed, string Reward, int Prompts, int Demonstrations, double Mistakes, LabelSummary? Pairs, LabelSummary? Rankings)
{
    public const string FileName = "task.json";
}

/// <param name="Completions">Of one prompt.</param>
public sealed record LabelSummary(int Count, int Completions, double Noise, BayesAccuracy BayesAccuracy);

/// <summary>Writes a task as records for <c>prepare</c>: <c>prompts.jsonl</c>, <c>chats.jsonl</c>, and of preferences <c>pairs.jsonl</c>
/// and <c>rankings.jsonl</c>.</summary>
/// <remarks>No prompt is in two of the files, or twice in one. The folder is created atomically.</remarks>
public sealed class TaskFiles
{
    private static readonly FolderContent Content = new("a task", TaskSummary.FileName);
    private static readonly JsonWriterOptions Verbatim = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly TaskJson Json =
        new(new JsonSerializerOptions(TaskJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private readonly TaskOptions options;
    private readonly IProblems problems;
    private readonly CancellationToken cancellation;

    private TaskFiles(TaskOptions options, CancellationToken cancellation) =>
        (this.options, problems, this.cancellation) = (options, options.Problems, cancellation);

    /// <exception cref="UserErrorException">An option is invalid, or the output cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is left on disk.</exception>
    public static TaskSummary Write(TaskOptions options, CancellationToken cancellation = default)
    {
        options.Require();
        return StagedFolder.Write(options.Output, options.Force, Content, new TaskFiles(options, cancellation).Fill);
    }

    private TaskSummary Fill(string folder)
    {
        Write(folder, "prompts.jsonl", options.Count, (json, i) =>
        {
            json.WriteString("prompt", problems[i].Prompt);
            json.WriteString("answer", problems[i].Answer);
        });
        if (options.Demonstrations > 0)
        {
            Write(folder, "chats.jsonl", options.Demonstrations, (json, i) =>
            {
                var position = problems.Count - 1 - i;
                json.WriteString("prompt", problems[position].Prompt);
                json.WriteString("completion", Demonstrated(position));
            });
        }

        var summary = new TaskSummary(
            options.Task.ToString().ToLowerInvariant(), options.Seed, problems.Reward, options.Count, options.Demonstrations,
            options.Mistakes, Pairs(folder), Rankings(folder));
        File.WriteAllBytes(
            Path.Combine(folder, TaskSummary.FileName), JsonSerializer.SerializeToUtf8Bytes(summary, Json.TaskSummary));
        return summary;
    }

    /// <summary>Of preferences any completion, whatever its score; of other tasks the answer, perhaps with a mistake.</summary>
    private string Demonstrated(long position)
    {
        if (problems is PreferenceProblems preferences)
            return preferences.Completions(position, 1)[0];
        var (answer, random) = (problems[position].Answer, new TaskRandom(options.Seed, TaskUse.Mistake, position));
        if (random.NextUniform() >= options.Mistakes)
            return answer;
        var (at, others) = (random.Next(answer.Length), problems.Alphabet);
        others = others.Replace($"{answer[at]}", "", StringComparison.Ordinal);
        return $"{answer[..at]}{others[random.Next(others.Length)]}{answer[(at + 1)..]}";
    }

    private LabelSummary? Pairs(string folder) => Labelled(folder, "pairs.jsonl", options.Count, 2, static (json, best) =>
    {
        json.WriteString("chosen", best[0]);
        json.WriteString("rejected", best[1]);
    });

    private LabelSummary? Rankings(string folder) =>
        Labelled(folder, "rankings.jsonl", 2L * options.Count, options.Completions, static (json, best) =>
        {
            json.WriteStartArray("completions");
            foreach (var completion in best)
                json.WriteStringValue(completion);
            json.WriteEndArray();
        });

    /// <param name="first">Position of the first prompt.</param>
    private LabelSummary? Labelled(
        string folder, string name, long first, int completions, Action<Utf8JsonWriter, IReadOnlyList<string>> write)
    {
        if (problems is not PreferenceProblems preferences)
            return null;
        var labels = new PreferenceLabels(preferences, options.Seed, options.Noise);
        Write(folder, name, options.Count, (json, i) =>
        {
            var (problem, best) = labels.Next(first + i, completions);
            json.WriteString("prompt", problem.Prompt);
            write(json, best);
        });
        return new LabelSummary(options.Count, completions, options.Noise, labels.Accuracy);
    }

    private void Write(string folder, string name, int count, Action<Utf8JsonWriter, int> fields)
    {
        using var file = File.Create(Path.Combine(folder, name));
        using var json = new Utf8JsonWriter(file, Verbatim);
        for (var i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            json.WriteStartObject();
            fields(json, i);
            json.WriteEndObject();
            json.Flush();
            file.WriteByte((byte)'\n');
            json.Reset();
        }
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TaskSummary))]
internal sealed partial class TaskJson : JsonSerializerContext;
