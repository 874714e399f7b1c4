using ActorTrain.Host.Configuration;
using ActorTrain.Models;

namespace ActorTrain.Host.Memory;

/// <summary>How much memory a process is going to need at its peak, and for what: an estimate, made before anything is allocated.</summary>
/// <param name="Parts">Bytes by what they are for.</param>
internal sealed record MemoryPlan(IReadOnlyList<(string What, double Bytes)> Parts)
{
    // Measured: the program where it only moves files, where it computes, and where it trains.
    private const double Files = 60 << 20, Computing = 250 << 20, Training = 420 << 20;

    public double Bytes => Parts.Sum(static part => part.Bytes);

    /// <summary>To train, in this process, with so many trainers.</summary>
    /// <param name="shape">The shape of its model.</param>
    /// <param name="isFused">Whether it runs on the fused CPU kernels.</param>
    /// <param name="trainers">Trainers; null: as many as the configuration says.</param>
    public static MemoryPlan ToTrain(RunConfiguration configuration, ModelOptions shape, bool isFused, int? trainers = null)
    {
        var (options, count) = (configuration.Training, trainers ?? configuration.Trainers.Count);
        var model = new ModelMemory(shape, options.Precision, isFused);

        // On an accelerator, what the host holds is what goes through it: gradients on their way and snapshots.
        var isOnHost = options.Compute.Device == "cpu" ? count : 0;

        // Each trainer sums along its part of the lane tree, and what it published waits for the others'; then there is their sum. Where
        // layers are not fused, the update has vectors of its own. Of a run that is resumed, each trainer reads a checkpoint before there
        // are snapshots.
        var perTrainer = Math.Ceiling(Math.Log2(Math.Max(1.0, (double)options.Lanes / count))) + 2 + (isFused ? 0 : 3);
        return Of(
            Training,
            ("weights and moments", isOnHost * (3 * model.Vector + model.Packed)),
            ("gradients", (count * perTrainer + 1) * model.Vector),
            ("snapshots", Math.Max(configuration.Checkpoints.Snapshots, isOnHost) * 3 * model.Vector),
            ("activations", isOnHost * model.Training(options.MicroBatch)));
    }

    /// <summary>To evaluate so many sequences at a time.</summary>
    public static MemoryPlan ToEvaluate(ModelMemory model, int sequences) => Of(
        Computing, ("weights", 3 * model.Vector + model.Packed), ("activations", model.Evaluation(sequences)));

    /// <summary>To generate text: the most tokens that are read at once are those of the prompt, or half a context where the text grows
    /// beyond it.</summary>
    public static MemoryPlan ToGenerate(ModelMemory model, int prompt, int tokens)
    {
        var context = model.Model.ContextLength;
        var atOnce = Math.Min(context, Math.Max(prompt, (long)prompt + tokens > context ? context / 2 : 0));
        return Of(Computing, ("weights", 3 * model.Vector), ("keys and values", model.KeysAndValues),
            ("activations", model.Prompt(atOnce)));
    }

    /// <summary>To read a model of another format, tensor by tensor, and to write it with its moments.</summary>
    public static MemoryPlan ToImport(ModelMemory model) =>
        Of(Files, ("weights", model.Vector), ("moments", 2 * model.Vector), ("one tensor", 1.5 * model.Embedding));

    /// <summary>To write a model in another format, in which matrices stand the other way round.</summary>
    public static MemoryPlan ToExport(ModelMemory model) => Of(Files, ("weights", 2 * model.Vector));

    /// <summary>Bytes in words.</summary>
    public static string Words(double bytes) => bytes < 1 << 30
        ? $"{bytes / (1 << 20):F0} MiB"
        : $"{bytes / (1 << 30):N1} GiB";

    public override string ToString() =>
        string.Join(", ", Parts.Where(static part => part.Bytes > 0).Select(static part => $"{part.What} {Words(part.Bytes)}"));

    private static MemoryPlan Of(double program, params (string, double)[] parts) => new([.. parts, ("program", program)]);
}
