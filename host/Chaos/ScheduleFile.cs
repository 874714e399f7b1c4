using ActorTrain.Chaos;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Options;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ActorTrain.Host.Chaos;

/// <summary>Reads schedules of faults: YAML with a list <c>faults</c>, each with <c>kind</c> and <c>step</c> and, depending on the kind,
/// <c>actor</c>, <c>seconds</c>, <c>bit</c> and <c>batches</c>.</summary>
internal static class ScheduleFile
{
    private static readonly string[] Keys = ["step", "kind", "actor", "seconds", "bit", "batches"];
    private static readonly string[] TopKeys = ["seed", "faults"];

    /// <param name="hasRollouts">Whether the run is one of <c>rlhf</c>.</param>
    /// <param name="nodes">Processes that host its trainers; 0 for none.</param>
    public static ChaosTarget TargetOf(RunConfiguration configuration, bool hasRollouts = false, int nodes = 0) => new(
        configuration.Training.Steps, configuration.Training.Batch, configuration.Trainers.Count, configuration.ReducerCount,
        configuration.Trainers.Timeout, configuration.Checkpoints.Every ?? configuration.Checkpoints.Interval.Most)
    {
        Nodes = nodes,
        Rollouts = !hasRollouts ? null : new RolloutTarget(
            configuration.Rollouts.Workers, configuration.Rollouts is { Lag: 0, Epochs: 1 }, configuration.ComparesWithBase,
            configuration.Advantages.NeedsCritic)
        {
            LastSampling = configuration.Rollouts.Schedule().WeightsOf(configuration.Training.Steps - 1),
        },
    };

    /// <exception cref="UserErrorException">The schedule is invalid; the message names file and line.</exception>
    public static ChaosSchedule Read(string path, ChaosTarget run)
    {
        try
        {
            return Parse(File.ReadAllText(path), path, run);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var reason = error is FileNotFoundException or DirectoryNotFoundException ? "there is no such file"
                : Directory.Exists(path) ? "it is a folder" : error.Message.TrimEnd('.');
            throw new UserErrorException($"Cannot read the schedule '{path}': {reason}.", error);
        }
    }

    /// <exception cref="UserErrorException">The schedule is invalid.</exception>
    public static ChaosSchedule Parse(string text, string name, ChaosTarget run)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            throw new UserErrorException($"{name}:{error.Start.Line}: invalid YAML: "
                + $"{(error.InnerException?.Message ?? error.Message).TrimEnd('.')}.", error);
        }

        if (yaml.Documents is not [{ RootNode: YamlMappingNode root }])
            throw new UserErrorException(
                $"{name}:1: a schedule is a list of faults under 'faults:', each such as '- {{ step: 12, kind: kill }}'.");
        ulong seed = 1;
        YamlSequenceNode? list = null;
        foreach (var (key, value) in root.Children)
        {
            switch (TextOf(key, name))
            {
                case "seed":
                    seed = (ulong)(long)Value(value, name, "seed", new Whole(0, long.MaxValue));
                    break;
                case "faults" when value is YamlSequenceNode faults:
                    list = faults;
                    break;
                case "faults":
                    throw new UserErrorException($"{At(name, value)}: faults is a list; write each fault after a '-'.");
                case var stranger:
                    throw new UserErrorException(
                        $"{At(name, key)}: there is no key "
                        + $"'{stranger}'{NearestName.Hint(stranger, TopKeys, "; there are seed and faults.")}");
            }
        }

        if (list is null || list.Children.Count == 0)
            throw new UserErrorException($"{At(name, root)}: there is no fault in this schedule; write at least one under 'faults:'.");
        return new ChaosSchedule(seed, [.. list.Children.Select((node, i) => Fault(node, name, seed, i + 1, run))]);
    }

    private static ChaosFault Fault(YamlNode node, string name, ulong seed, int number, ChaosTarget run)
    {
        if (node is not YamlMappingNode map)
            throw new UserErrorException($"{At(name, node)}: a fault is written as keys, such as '- {{ step: 12, kind: kill }}'.");
        var given = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        foreach (var (key, value) in map.Children)
        {
            var text = TextOf(key, name);
            if (!Keys.Contains(text))
                throw new UserErrorException(
                    $"{At(name, key)}: there is no key '{text}'{NearestName.Hint(text, Keys, $"; there are {string.Join(", ", Keys)}.")}");
            given.Add(text, value);
        }

        if (!given.TryGetValue("kind", out var kindNode))
            throw new UserErrorException($"{At(name, node)}: the fault has no kind; give one, such as 'kind: kill'.");
        var word = TextOf(kindNode, name);
        if (!ChaosKinds.ByName.TryGetValue(word, out var kind))
            throw new UserErrorException(
                $"{At(name, kindNode)}: there is no kind "
                + $"'{word}'{NearestName.Hint(word, ChaosKinds.ByName.Keys, "; 'actortrain chaos --help' lists all kinds.")}");
        if (kind.LackIn(run) is { } lack)
            throw new UserErrorException($"{At(name, kindNode)}: {kind.Name} needs {lack}; remove the fault.");
        if (!given.TryGetValue("step", out var stepNode))
            throw new UserErrorException($"{At(name, node)}: the fault has no step; give one from 0 to {run.Steps - 1}.");
        var step = (long)Value(stepNode, name, "step", new Whole(0, run.Steps - 1));
        Refuse("actor", !kind.TakesActor);
        Refuse("seconds", kind.Seconds is null && kind.Effect != FaultEffect.Hang);
        Refuse("bit", !kind.TakesBit);
        Refuse("batches", kind.Effect != FaultEffect.Poison);
        var batches = given.TryGetValue("batches", out var many) ? (int)(long)Value(many, name, "batches", new Whole(1, 1000)) : 1;
        var actor = given.TryGetValue("actor", out var who) ? Actor(who, name, kind, run) : null;
        var seconds = given.TryGetValue("seconds", out var lasting) ? (double?)Value(lasting, name, "seconds", new Number(0.001, 3600))
            : null;
        var bit = given.TryGetValue("bit", out var which) ? (long?)Value(which, name, "bit", new Whole(0, long.MaxValue)) : null;
        return ChaosSchedule.Complete(seed, new ChaosFault { Number = number, Kind = kind.Name, Step = step, Actor = "" }, run, actor,
            seconds, bit, batches);

        void Refuse(string key, bool isOut)
        {
            if (isOut && given.TryGetValue(key, out var there))
                throw new UserErrorException($"{At(name, there)}: {kind.Name} takes no {key}; remove it.");
        }
    }

    private static string Actor(YamlNode node, string name, ChaosKind kind, ChaosTarget run)
    {
        var text = TextOf(node, name);
        List<string> known =
        [
            .. kind.Role is ChaosKind.Trainer or ChaosKind.Anyone ? Numbered(ChaosKind.Trainer, run.Trainers) : [],
            .. kind.Role is ChaosKind.Reducer or ChaosKind.Anyone ? Numbered(ChaosKind.Reducer, run.Reducers) : [],
            .. kind.Role is ChaosKind.Node ? Numbered(ChaosKind.Node, run.Nodes, from: 1) : [],
            .. run.Rollouts is { } rollouts && kind.Role is ChaosKind.Sampler or ChaosKind.Anyone
                ? Numbered(ChaosKind.Sampler, rollouts.Samplers) : [],
            .. run.Rollouts is not null && kind.Role is ChaosKind.Anyone
                ? (string[])[ChaosKind.Rollouts, ChaosKind.Reward, ChaosKind.Ledger] : [],
            .. kind.Role is ChaosKind.Anyone ? (string[])[ChaosKind.Supervisor, ChaosKind.Spikes, ChaosKind.Checkpointer, ChaosKind.Metrics,
                ChaosKind.Journal, ChaosKind.Trainers] : [],
        ];
        return known.Contains(text) ? text
            : throw new UserErrorException(
                $"{At(name, node)}: {kind.Name} does not apply to '{text}'; choose one of {string.Join(", ", known)}.");

        static IEnumerable<string> Numbered(string role, int count, int from = 0) =>
            Enumerable.Range(from, count).Select(number => $"{role}-{number}");
    }

    private static object Value(YamlNode node, string name, string key, SettingKind kind) => kind.TryRead(TextOf(node, name), out var value)
        ? value
        : throw new UserErrorException(
            $"{At(name, node)}: {key} is '{TextOf(node, name)}', but it must be {kind.ExpectationOf(TextOf(node, name))}.");

    private static string TextOf(YamlNode node, string name) => node is YamlScalarNode { Value: { Length: > 0 } text }
        ? text
        : throw new UserErrorException($"{At(name, node)}: expected a word or a number.");

    private static string At(string name, YamlNode node) => $"{name}:{node.Start.Line}";
}
