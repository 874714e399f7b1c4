using System.Globalization;
using System.Text.RegularExpressions;
using ActorTrain.Actors.Spikes;
using ActorTrain.Models;

namespace ActorTrain.Host.Configuration;

/// <summary>One key of a run file.</summary>
/// <param name="Key">Dotted name, <c>section.key</c>.</param>
/// <param name="Kind">What values it takes.</param>
/// <param name="Default">What holds where it is not given: a value, or in words how one is worked out; null where it must be given.</param>
/// <param name="Help">What it does, in a phrase.</param>
/// <param name="Write">Its canonical value in a configuration; null for a key that only sets others.</param>
/// <param name="MayChangeBecause">Why a run may be resumed with another value; null where that would give other bits.</param>
/// <param name="CameLater">Whether runs were started before there was this key: it enters the hash only where it is not the default, so that they can be
/// resumed.</param>
public sealed record Setting(
    string Key, SettingKind Kind, string? Default, string Help, Func<RunConfiguration, string>? Write, string? MayChangeBecause = null, bool CameLater = false);

/// <summary>The table of all keys: names, values, defaults, help and what may change on resume stand here and nowhere else.</summary>
public static partial class Settings
{
    private const string Place = "it only says where the run lies";
    private const string Looking = "it only says when the model is looked at";
    private const string Saving = "it only says when the state is saved and how long it is kept";
    private const string Sharing = "lanes, not trainers, threads or reducers, decide the bits; it only says who computes them";
    private const string Mending = "it only says how long to wait for what does not answer, and how often to start it again";
    private const string Remembering = "it only says where decisions are kept";
    private const string Auditing = "bits that are computed twice agree; it only says how often that is tried, and what becomes of who is wrong";
    private const string Replaying = "it only says whether bits are checked before they are judged";
    private const string Fingerprinted = "the numeric fingerprint in each checkpoint records it, and a change is flagged";

    private static readonly Choice Families = new(("gpt2", ModelFamily.Gpt2), ("llama", ModelFamily.Llama));
    private static readonly Choice Precisions = new(("float32", Precision.Float32), ("bfloat16", Precision.BFloat16));
    private static readonly Choice Modes = new(("fast", NumericsMode.Fast), ("portable", NumericsMode.Portable));
    private static readonly Text Signals = new(WatchedSignals.Expectation, static text => WatchedSignals.TryRead(text, out _));
    private static readonly Text Folder = new("the path of a folder", static text => text.Length > 0 && !text.Any(char.IsControl));

    /// <summary>Every key, in the order in which a run file is written.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("run.name", new Text("a name of letters, digits, '.', '-' and '_' that begins with a letter or digit", NamePattern().IsMatch),
            "the run file's name", "name of the run's folder", static c => Quote(c.Run.Name), Place),
        new("run.output", Folder, "runs", "folder that holds the runs", static c => Quote(c.Run.Output), Place),

        new("model.family", Families, "gpt2", "layers as in GPT-2 or as in Llama", static c => Families.WordOf(c.Model.Family)),
        new("model.depth", new Whole(1, 1000), "6", "one dial for layers, width (64·depth) and heads (depth); not beside them", null),
        new("model.layers", new Whole(1, 1000), "model.depth", "transformer blocks", static c => Write(c.Model.Layers)),
        new("model.width", new Whole(1, 1 << 20), "64 · model.layers", "width of the residual stream", static c => Write(c.Model.Width)),
        new("model.heads", new Whole(1, 1 << 16), "model.width / 64", "query heads", static c => Write(c.Model.Heads)),
        new("model.kv_heads", new Whole(1, 1 << 16), "model.heads", "key and value heads; fewer than model.heads only for llama", static c => Write(c.Model.KeyValueHeads)),
        new("model.mlp_width", new Whole(1, 1 << 22), "4 (llama: 8/3) · model.width", "width of the MLP's hidden layer", static c => Write(c.Model.MlpWidth)),
        new("model.context", new Whole(1, 1 << 20), "256", "tokens per sequence", static c => Write(c.Model.ContextLength)),
        new("model.tie_embeddings", new Flag(), "true (llama: false)", "whether the output projection is the token embedding", static c => Write(c.Model.TieEmbeddings)),
        new("model.norm_epsilon", new Number(0, Above: true), "1e-5", "added to the variance inside each norm", static c => Write(c.Model.NormEpsilon)),
        new("model.rope_theta", new Number(0, Above: true), "10000", "base of the rotary frequencies; llama only", static c => Write(c.Model.RopeTheta)),
        new("model.embedding_gradient_shrink", new Number(0, 1), "1", "what the gradient of the input embedding is multiplied by (GLM-130B: 0.1); 1 leaves it",
            static c => Write(c.Training.EmbeddingGradientShrink), CameLater: true),

        new("data.path", Folder, null, "folder written by 'actortrain prepare'", static c => Quote(c.Data.Path),
            "data may be moved; its checksum, not its place, must agree"),

        new("training.steps", new Whole(1), "1000", "optimizer steps; also the length of the learning-rate schedule; 'actortrain pretrain --extend-to N' makes a run longer", static c => Write(c.Training.Steps)),
        new("training.batch", new Whole(1), "32", "sequences per step", static c => Write(c.Training.Batch)),
        new("training.lanes", new Whole(1, 1 << 16), "8", "equal parts of the batch, a power of two", static c => Write(c.Training.Lanes)),
        new("training.micro_batch", new Whole(0), "batch / lanes", "sequences per forward pass; 0 takes a whole lane", static c => Write(c.Training.MicroBatch)),
        new("training.learning_rate", new Number(0, Above: true), "6e-4", "learning rate after the warm-up", static c => Write(c.Training.LearningRate)),
        new("training.min_learning_rate_ratio", new Number(0, 1), "0.1", "part of the learning rate at which the cosine ends", static c => Write(c.Training.MinLearningRateRatio)),
        new("training.warmup_steps", new Whole(0), "steps / 10, at most 100", "steps of linear warm-up; a run keeps its own when it is extended", static c => Write(c.Training.WarmupSteps)),
        new("training.beta1", new Number(0, 1, Below: true), "0.9", "AdamW's decay of the first moment", static c => Write(c.Training.Beta1)),
        new("training.beta2", new Number(0, 1, Below: true), "0.95", "AdamW's decay of the second moment", static c => Write(c.Training.Beta2)),
        new("training.epsilon", new Number(0, Above: true), "1e-8", "AdamW's epsilon", static c => Write(c.Training.Epsilon)),
        new("training.weight_decay", new Number(0), "0.1", "decoupled weight decay, on matrices only", static c => Write(c.Training.WeightDecay)),
        new("training.clip", new Number(0), "1", "largest global norm of the gradient; 0 does not clip", static c => Write(c.Training.Clip)),
        new("training.update_clipping", new Flag(), "false", "StableAdamW: a lower rate for tensors whose gradient outgrows its second moment",
            static c => Write(c.Training.UpdateClipping), CameLater: true),
        new("training.momentum_reset_every", new Whole(0), "0", "SPAM: updates from one forgetting of AdamW's moments to the next (SPAM: 500); 0: never",
            static c => Write(c.Training.MomentumResetEvery), CameLater: true),
        new("training.spike_aware_clipping", new Number(0), "0", "SPAM: largest square of a gradient's element, in multiples of its second moment (SPAM: 5000); 0: none",
            static c => Write(c.Training.SpikeAwareClipping), CameLater: true),
        new("training.seed", new Whole(0, long.MaxValue), "1", "seed of initial weights and of the order of samples", static c => Write(c.Training.Seed)),
        new("training.precision", Precisions, "float32", "precision of matrix products", static c => Precisions.WordOf(c.Training.Precision)),
        new("training.numerics", Modes, "fast", "fast: this machine's best kernels; portable: the same bits on every x86-64-v3 machine",
            static c => Modes.WordOf(c.Training.Numerics)),
        new("training.device", new Text("cpu, cuda or cuda:N", DevicePattern().IsMatch, "cpu", "cuda"), "cpu", "where to compute",
            static c => Quote(c.Training.Device), Fingerprinted),
        new("training.threads", new Whole(0, 4096), "0", "threads per trainer; 0 shares the cores out among the trainers", static c => Write(c.Training.Threads), Sharing),

        new("trainers.count", new Whole(1, 1 << 16), "1", "trainers that share the lanes; 'actortrain scale' changes it while the run goes on", static c => Write(c.Trainers.Count), Sharing),
        new("trainers.timeout", new Number(0.001, 86_400), "120", "seconds without a sign of life after which a trainer is taken for hung", static c => Write(c.Trainers.Timeout), Mending),
        new("trainers.retry_interval", new Number(0.001, 86_400), "2", "seconds after which an unanswered message is repeated; below a quarter of trainers.timeout",
            static c => Write(c.Trainers.RetryInterval), Mending),
        new("trainers.restart_backoff_min", new Number(0.001, 3600), "0.05", "seconds before a trainer is started again the first time; doubled each time, until one lives for trainers.restart_backoff_max",
            static c => Write(c.Trainers.RestartBackoffMin), Mending),
        new("trainers.restart_backoff_max", new Number(0.001, 3600), "10", "longest such wait, in seconds", static c => Write(c.Trainers.RestartBackoffMax), Mending),
        new("trainers.max_restarts", new Whole(0, 1_000_000), "10", "restarts of one actor within trainers.restart_window after which it is given up", static c => Write(c.Trainers.MaxRestarts), Mending),
        new("trainers.restart_window", new Number(0.001, 31_536_000), "600", "seconds in which restarts are counted", static c => Write(c.Trainers.RestartWindow), Mending),

        new("reducers.count", new Whole(0, 1 << 10), "0", "gradient reducers, each for one part of the parameters; 0: as many as trainers at the start", static c => Write(c.Reducers.Count), Sharing),

        new("spikes.rules", new Text(SpikesConfiguration.RulesExpectation, SpikesConfiguration.AreRules), SpikesConfiguration.Write(SpikeOptions.DefaultRules),
            "rules that judge each step beside non_finite, which always does", static c => SpikesConfiguration.Write(c.Spikes.Detection.Rules), CameLater: true),
        new("spikes.persistence", new Whole(0, 1000), "3", "batches of one step in a row that may be vetoed before the weights are blamed and the run goes back; 0: never",
            static c => Write(c.Spikes.Detection.Persistence), CameLater: true),
        new("spikes.robust_z", new Number(0, Above: true), "6", "robust_z vetoes a loss so many robust standard deviations above the median", static c => Write(c.Spikes.Detection.RobustZ.Z), CameLater: true),
        new("spikes.robust_z_joint", new Number(0, Above: true), "2", "the same where the gradient norm is spikes.robust_z of them above its own", static c => Write(c.Spikes.Detection.RobustZ.JointZ), CameLater: true),
        new("spikes.robust_z_norm_multiple", new Number(1), "20", "robust_z vetoes a gradient norm of so many times its median whatever the loss", static c => Write(c.Spikes.Detection.RobustZ.NormMultiple), CameLater: true),
        new("spikes.robust_z_window", new Whole(2, 4096), "64", "steps whose median is taken", static c => Write(c.Spikes.Detection.RobustZ.Window), CameLater: true),
        new("spikes.robust_z_warmup", new Whole(2, 4096), "32", "steps before robust_z says anything", static c => Write(c.Spikes.Detection.RobustZ.Warmup), CameLater: true),
        new("spikes.robust_z_loss_floor", new Number(0, 10), "0.1", "least standard deviation of the loss, as a part of its median", static c => Write(c.Spikes.Detection.RobustZ.LossFloor), CameLater: true),
        new("spikes.robust_z_norm_floor", new Number(0, 10), "0.2", "least standard deviation of the gradient norm, as a part of its median", static c => Write(c.Spikes.Detection.RobustZ.NormFloor), CameLater: true),
        new("spikes.drift", new Number(0, Above: true), "20", "drift goes back when the loss has climbed by so many standard deviations, added up over steps", static c => Write(c.Spikes.Detection.Drift.Limit), CameLater: true),
        new("spikes.drift_window", new Whole(2, 4096), "64", "steps over which level and spread of the loss are averaged, and before which drift says nothing", static c => Write(c.Spikes.Detection.Drift.Window), CameLater: true),
        new("spikes.drift_slack", new Number(0, 100), "0.5", "standard deviations above the level that are borne at every step", static c => Write(c.Spikes.Detection.Drift.Slack), CameLater: true),
        new("spikes.drift_cap", new Number(0, 100, Above: true), "2", "the most standard deviations that one step adds; above spikes.drift_slack", static c => Write(c.Spikes.Detection.Drift.Cap), CameLater: true),
        new("spikes.drift_floor", new Number(0, 1, Above: true), "0.005", "least standard deviation, as a part of the loss", static c => Write(c.Spikes.Detection.Drift.Floor), CameLater: true),
        new("spikes.mean_sigma", new Number(0, Above: true), "6", "mean_sigma vetoes a loss, gradient norm or other signal so many standard deviations above its mean (OLMo-core)", static c => Write(c.Spikes.Detection.MeanSigma.Sigma), CameLater: true),
        new("spikes.mean_sigma_window", new Whole(2, 4096), "128", "steps whose mean is taken", static c => Write(c.Spikes.Detection.MeanSigma.Window), CameLater: true),
        new("spikes.mean_sigma_warmup", new Whole(2, 4096), "64", "steps before mean_sigma says anything", static c => Write(c.Spikes.Detection.MeanSigma.Warmup), CameLater: true),
        new("spikes.mean_sigma_signals", Signals, WatchedSignals.LossAndNorm.ToString(),
            "what mean_sigma looks at: loss and gradient norm of the batch, largest loss of a lane, gradient norm of the embedding, largest gradient norm of a block, norm of the update (which takes one more pass over the weights in every step)",
            static c => c.Spikes.Detection.MeanSigma.Signals.ToString(), CameLater: true),
        new("spikes.first_max", new Number(1), "10", "first_max vetoes a loss, gradient norm or other signal of so many times the largest of the first steps (Megatron-LM)", static c => Write(c.Spikes.Detection.FirstMax.Factor), CameLater: true),
        new("spikes.first_max_samples", new Whole(1), "100", "those first steps", static c => Write(c.Spikes.Detection.FirstMax.Samples), CameLater: true),
        new("spikes.first_max_signals", Signals, WatchedSignals.LossAndNorm.ToString(), "what first_max looks at: see spikes.mean_sigma_signals", static c => c.Spikes.Detection.FirstMax.Signals.ToString(), CameLater: true),
        new("spikes.running_multiple", new Number(1, Above: true), "2", "running_multiple goes back when the loss, or another signal, stays so many times above its mean (llm-foundry)", static c => Write(c.Spikes.Detection.RunningMultiple.Multiple), CameLater: true),
        new("spikes.running_multiple_window", new Whole(2, 4096), "100", "steps whose mean is taken", static c => Write(c.Spikes.Detection.RunningMultiple.Window), CameLater: true),
        new("spikes.running_multiple_patience", new Whole(0, 4096), "4", "steps in a row that are borne", static c => Write(c.Spikes.Detection.RunningMultiple.Patience), CameLater: true),
        new("spikes.running_multiple_signals", Signals, WatchedSignals.Loss.ToString(), "what running_multiple looks at, each signal by itself: see spikes.mean_sigma_signals",
            static c => c.Spikes.Detection.RunningMultiple.Signals.ToString(), CameLater: true),
        new("spikes.zclip", new Number(0, Above: true), "2.5", "zclip clips a gradient norm so many standard deviations above its running mean (ZClip)", static c => Write(c.Spikes.Detection.ZClip.Z), CameLater: true),
        new("spikes.zclip_alpha", new Number(0, 1, Below: true), "0.97", "part of the running mean and variance that stays with each step", static c => Write(c.Spikes.Detection.ZClip.Alpha), CameLater: true),
        new("spikes.zclip_warmup", new Whole(2, 4096), "25", "steps before zclip clips", static c => Write(c.Spikes.Detection.ZClip.Warmup), CameLater: true),
        new("spikes.adagc", new Number(0, Above: true), "1.05", "adagc clips the gradient of each tensor to so many times its running norm (AdaGC)", static c => Write(c.Spikes.Detection.AdaGc.Relative), CameLater: true),
        new("spikes.adagc_beta", new Number(0, 1, Below: true), "0.98", "part of a running norm that stays with each step", static c => Write(c.Spikes.Detection.AdaGc.Beta), CameLater: true),
        new("spikes.adagc_absolute", new Number(0, Above: true), "1", "limit of the global norm while adagc warms up", static c => Write(c.Spikes.Detection.AdaGc.Absolute), CameLater: true),
        new("spikes.adagc_warmup", new Whole(1), "100", "steps before adagc clips tensors one by one", static c => Write(c.Spikes.Detection.AdaGc.Warmup), CameLater: true),
        new("spikes.momentum_reset_warmup", new Whole(0), "150", "momentum_reset forgets the moments after a veto (SPAM), and the learning rate comes back over so many updates", static c => Write(c.Spikes.Detection.MomentumReset.Warmup), CameLater: true),
        new("spikes.replay", new Flag(), "true", "whether a suspicious step is computed once more before its data is blamed", static c => Write(c.Spikes.Replay), Replaying),
        new("spikes.veto_budget", new Whole(0), "10", "vetoes within spikes.veto_window; with one more the run goes back", static c => Write(c.Spikes.Ladder.Veto.Budget), CameLater: true),
        new("spikes.veto_window", new Whole(1), "1000", "steps in which vetoes are counted", static c => Write(c.Spikes.Ladder.Veto.Window), CameLater: true),
        new("spikes.veto_cooldown", new Whole(0), "0", "steps that must lie between two vetoes", static c => Write(c.Spikes.Ladder.Veto.Cooldown), CameLater: true),
        new("spikes.rollback_budget", new Whole(0), "3", "rollbacks within spikes.rollback_window; with one more the learning rate is lowered", static c => Write(c.Spikes.Ladder.RollBack.Budget), CameLater: true),
        new("spikes.rollback_window", new Whole(1), "2000", "steps in which rollbacks are counted", static c => Write(c.Spikes.Ladder.RollBack.Window), CameLater: true),
        new("spikes.rollback_cooldown", new Whole(0), "0", "steps that must lie between two rollbacks", static c => Write(c.Spikes.Ladder.RollBack.Cooldown), CameLater: true),
        new("spikes.lower_rate_budget", new Whole(0), "2", "reductions of the learning rate within spikes.lower_rate_window; with one more the run ends", static c => Write(c.Spikes.Ladder.LowerRate.Budget), CameLater: true),
        new("spikes.lower_rate_window", new Whole(1), "5000", "steps in which they are counted", static c => Write(c.Spikes.Ladder.LowerRate.Window), CameLater: true),
        new("spikes.lower_rate_cooldown", new Whole(0), "0", "steps that must lie between two of them", static c => Write(c.Spikes.Ladder.LowerRate.Cooldown), CameLater: true),
        new("spikes.rate_factor", new Number(0, 1, Above: true, Below: true), "0.5", "the learning rate is multiplied by it when it is lowered", static c => Write(c.Spikes.Ladder.RateFactor), CameLater: true),
        new("spikes.margin", new Whole(0, 1_000_000), "10", "steps that a rollback goes back before the onset", static c => Write(c.Spikes.Ladder.Margin), CameLater: true),
        new("spikes.same_place", new Whole(0), "100", "an onset so near after the last rollback is at the same place, and more batches are skipped", static c => Write(c.Spikes.Ladder.SamePlace), CameLater: true),
        new("spikes.widening", new Whole(1, 1000), "2", "factor by which the skip grows each time", static c => Write(c.Spikes.Ladder.Widening), CameLater: true),
        new("spikes.max_skip", new Whole(1), "500", "the most batches that one rollback skips; above spikes.margin", static c => Write(c.Spikes.Ladder.MaxSkip), CameLater: true),

        new("audit.every", new Whole(0), "20", "steps from one lane that two trainers compute, and compare by hash, to the next; 0: never", static c => Write(c.Audit.Every), Auditing),
        new("audit.corruption_limit", new Whole(1), "3", "how often a trainer may find corrupt bits in its own memory before it is quarantined", static c => Write(c.Audit.CorruptionLimit), Auditing),
        new("audit.quarantine_limit", new Whole(0), "8", "trainers that may be quarantined; with one more the machine is not to be trusted, and the run ends", static c => Write(c.Audit.QuarantineLimit), Auditing),

        new("evaluation.every", new Whole(0), "100", "steps from one evaluation to the next; 0 evaluates only at the end", static c => Write(c.Evaluation.Every), Looking),
        new("evaluation.batches", new Whole(0), "0", "batches per evaluation; 0 takes the whole held-out part (bits per byte always use its bytes per token)", static c => Write(c.Evaluation.Batches), Looking),

        new("checkpoints.every", new WholeOr(0, CheckpointOptions.Auto, "auto"), "auto",
            "steps from one checkpoint to the next; auto chooses them from the cost of a save and the faults seen; 0 saves only at the end",
            static c => c.Checkpoints.Every == CheckpointOptions.Auto ? "auto" : Write(c.Checkpoints.Every), Saving),
        new("checkpoints.every_min", new Whole(1), "10", "the fewest steps that auto chooses", static c => Write(c.Checkpoints.EveryMin), Saving),
        new("checkpoints.every_max", new Whole(1), "1000", "the most steps that auto chooses", static c => Write(c.Checkpoints.EveryMax), Saving),
        new("checkpoints.every_minutes", new Number(0, 525_600), "30", "minutes after which a checkpoint is written wherever the run stands; 0: never for that", static c => Write(c.Checkpoints.EveryMinutes), Saving),
        new("checkpoints.keep", new Whole(1), "3", "how many of the newest checkpoints are kept, beside the newest that proved good", static c => Write(c.Checkpoints.Keep), Saving),
        new("checkpoints.keep_every", new Whole(0), "0", "checkpoints of steps divisible by this are kept for good; 0: none", static c => Write(c.Checkpoints.KeepEvery), Saving),
        new("checkpoints.proof_steps", new Whole(1), "100", "healthy steps after which a checkpoint has proved good, and that going back from memory reaches", static c => Write(c.Checkpoints.ProofSteps), Saving),
        new("checkpoints.snapshot_every", new Whole(0), "10", "steps from one copy of the state in memory to the next; 0: only as they are needed", static c => Write(c.Checkpoints.SnapshotEvery), Saving),
        new("checkpoints.snapshots", new Whole(2, 64), "6", "copies of the state that memory has room for, 12 bytes a parameter each, to go back to, join from and write checkpoints from", static c => Write(c.Checkpoints.Snapshots), Saving),

        new("journal.connection", new Text(
                "empty, or a PostgreSQL connection string without its password, such as 'Host=db;Database=runs;Username=me' (the password comes from PGPASSWORD or ~/.pgpass)",
                JournalOptions.IsConnection),
            "run.db in the run's folder", "the PostgreSQL database that keeps the run's decisions", static c => Quote(c.Journal.Connection), Remembering),
        new("journal.buffer", new Whole(1, 1 << 20), "256", "decisions that may wait while the database is away; when there are more, training pauses", static c => Write(c.Journal.Buffer), Remembering),
    ];

    /// <summary>The keys by name.</summary>
    public static IReadOnlyDictionary<string, Setting> ByKey { get; } = All.ToDictionary(static setting => setting.Key, StringComparer.Ordinal);

    /// <summary>The keys that a complete run file holds, each with the way in which its value is written.</summary>
    public static IEnumerable<(Setting Setting, Func<RunConfiguration, string> Write)> Written { get; } =
        [.. from setting in All where setting.Write is not null select (setting, setting.Write)];

    /// <summary>The sections of a run file.</summary>
    public static IReadOnlyList<string> Sections { get; } = [.. All.Select(static setting => setting.Key.Split('.')[0]).Distinct()];

    /// <summary>Text as a quoted YAML scalar.</summary>
    public static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";

    private static string Write(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Write(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Write(TimeSpan value) => Write(value.TotalSeconds);

    private static string Write(bool value) => value ? "true" : "false";

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A(cpu|cuda(:[0-9]{1,3})?)\z")]
    private static partial Regex DevicePattern();
}
