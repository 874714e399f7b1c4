using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Models.Generation;

namespace ActorTrain.Host.Memory;

/// <summary>Estimated peak memory of a process, made before anything is allocated.</summary>
/// <param name="Parts">Bytes by use.</param>
internal sealed record MemoryPlan(IReadOnlyList<(string What, double Bytes)> Parts)
{
    // Measured: the program when it only converts files, computes, or trains.
    private const double Files = 60 << 20, Computing = 250 << 20, Training = 420 << 20;

    public double Bytes => Parts.Sum(static part => part.Bytes);

    /// <summary>For training in this process.</summary>
    /// <param name="shape">The shape of its model.</param>
    /// <param name="isFused">Whether it runs on the fused CPU kernels.</param>
    /// <param name="trainers">Null: as many as the configuration says.</param>
    /// <param name="sequences">Of a sample: a pair has two.</param>
    /// <param name="hasRollouts">Whether the policy samples them, with workers of their own.</param>
    public static MemoryPlan ToTrain(
        RunConfiguration configuration, ModelOptions shape, bool isFused, int? trainers = null, int sequences = 1, bool hasRollouts = false)
    {
        var (options, count) = (configuration.Training, trainers ?? configuration.Trainers.Count);
        var model = new ModelMemory(shape, options.ChosenPrecision, isFused, options.Compute.Recompute);

        // On an accelerator, the host only holds gradients in transit and snapshots.
        var isOnHost = options.Compute.Device == "cpu" ? count : 0;

        // Each trainer sums along its part of the lane tree, and its published sum waits for the others'; then there is their sum. If
        // layers are not fused, the update has vectors of its own. In a resumed run, each trainer reads a checkpoint before there are
        // snapshots.
        var perTrainer = Math.Ceiling(Math.Log2(Math.Max(1.0, (double)options.Lanes / count))) + 2 + (isFused ? 0 : 3);
        // Divided, two trainers hold each moment; in transit there are the weights after an update, too.
        var isDivided = configuration.Parallel.Zero > 0;
        var moments = isDivided ? Math.Min(2, isOnHost) : isOnHost;
        return Of(
            Training,
            [
                ("weights and moments", isOnHost * (model.Vector + model.PackedToTrain) + moments * 2 * model.Vector),
                ("gradients", (count * perTrainer + (isDivided ? 2 : 1)) * model.Vector),
                ("snapshots", Math.Max(configuration.Checkpoints.Snapshots, isOnHost) * 3 * model.Vector),
                ("activations", isOnHost * model.Training(sequences * options.MicroBatch * (isFused ? options.LanesAtOnce(shape) : 1))),
                .. hasRollouts ? OfWorkers(configuration, model, sequences * options.MicroBatch) : [],
            ]);
    }

    // Each has a copy of the weights of its own.
    private static IEnumerable<(string, double)> OfWorkers(RunConfiguration configuration, ModelMemory model, int sequences)
    {
        var policy = model with { Model = model.Model.ShapeOfPolicy() };
        var (workers, slots) = (configuration.Rollouts.Workers, configuration.Rollouts.Slots);
        yield return ("samplers", workers * (policy.Vector + policy.Packed + policy.Decoding(slots)
            + (slots + 1) * policy.KeysAndValues(model.Model.ContextLength)));
        if (configuration.ComparesWithBase)
            yield return ("reference", policy.Vector + policy.Packed + policy.Evaluation(sequences));
        if (!model.Model.Critic)
            yield break;
        var critic = model with { Model = model.Model.ShapeOfCritic() };
        yield return ("critic's values", critic.Vector + critic.Packed + critic.Evaluation(sequences));
    }

    public static MemoryPlan ToEvaluate(ModelMemory model, int sequences) => Of(
        Computing, ("weights", 3 * model.Vector + model.Packed), ("activations", model.Evaluation(sequences)));

    /// <summary>For generating texts. In reference form, one at a time: at most the prompt is read at once, or half a context if the text
    /// grows beyond it.</summary>
    public static MemoryPlan ToGenerate(ModelMemory model, int prompt, int tokens, int texts)
    {
        var context = model.Model.ContextLength;
        var length = (int)Math.Min(context, (long)prompt + tokens);
        var atOnce = Math.Min(texts, TextGenerator.MostAtOnce);
        return model.IsFused
            ? Of(Computing, ("weights", 3 * model.Vector + model.Packed), ("keys and values", (atOnce + 1) * model.KeysAndValues(length)),
                ("activations", model.Decoding(atOnce)))
            : Of(Computing, ("weights", 3 * model.Vector), ("keys and values", model.KeysAndValues(context)),
                ("activations", model.Prompt(Math.Min(context, Math.Max(prompt, (long)prompt + tokens > context ? context / 2 : 0)))));
    }

    /// <summary>For reading a model of another format, tensor by tensor, and writing it with its moments.</summary>
    public static MemoryPlan ToImport(ModelMemory model) =>
        Of(Files, ("weights", model.Vector), ("moments", 2 * model.Vector), ("one tensor", 1.5 * model.Embedding));

    /// <summary>For writing a model in another format with transposed matrices.</summary>
    public static MemoryPlan ToExport(ModelMemory model) => Of(Files, ("weights", 2 * model.Vector));

    public static string Words(double bytes) => bytes < 1 << 30
        ? $"{bytes / (1 << 20):F0} MiB"
        : $"{bytes / (1 << 30):N1} GiB";

    public override string ToString() =>
        string.Join(", ", Parts.Where(static part => part.Bytes > 0).Select(static part => $"{part.What} {Words(part.Bytes)}"));

    private static MemoryPlan Of(double program, params IEnumerable<(string, double)> parts) => new([.. parts, ("program", program)]);
}
