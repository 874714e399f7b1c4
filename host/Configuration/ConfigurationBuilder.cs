using System.Globalization;
using System.Numerics;
using ActorTrain.Models;
using ActorTrain.Models.Optimization;

namespace ActorTrain.Host.Configuration;

/// <summary>Makes a configuration of the settings given: works the other values out and checks them against each other.</summary>
internal static class ConfigurationBuilder
{
    private static readonly SpamOptions Spam = new();
    private static readonly string[] Sizes = ["model.layers", "model.width", "model.heads"];

    public static RunConfiguration Build(GivenSettings given, string defaultName)
    {
        var model = Model(given);
        var training = Training(given);
        return new RunConfiguration
        {
            Run = new RunOptions(given.Get("run.name", defaultName), given.Get<string>("run.output")),
            Model = model,
            Data = new DataOptions(given.Get<string>("data.path")),
            Training = training,
            Spikes = SpikesConfiguration.Of(given),
            Audit = new AuditOptions(given.Get<int>("audit.every"), given.Get<int>("audit.corruption_limit"), given.Get<int>("audit.quarantine_limit")),
            Trainers = Trainers(given, training.Lanes),
            Reducers = new ReducersOptions(given.Get<int>("reducers.count")),
            Evaluation = new EvaluationOptions(given.Get<int>("evaluation.every"), given.Get<int>("evaluation.batches")),
            Checkpoints = Checkpoints(given),
            Journal = new JournalOptions(given.Get("journal.connection", ""), given.Get<int>("journal.buffer")),
        };
    }

    private static ModelOptions Model(GivenSettings given)
    {
        if (given.Has("model.depth") && Sizes.FirstOrDefault(given.Has) is { } size)
            throw new UserErrorException($"{given.OriginOf("model.depth")}: model.depth sets {size} too, which is given as well ({given.OriginOf(size)}); give one of them.");

        var family = given.Get<ModelFamily>("model.family");
        var layers = given.Get("model.layers", given.Get<int>("model.depth"));
        var width = given.Get("model.width", checked(64 * layers));
        var heads = given.Get("model.heads", Math.Max(1, width / 64));
        var dialled = ModelOptions.FromDepth(1, family);
        var model = dialled with
        {
            Layers = layers,
            Width = width,
            Heads = heads,
            KeyValueHeads = given.Get("model.kv_heads", heads),
            MlpWidth = given.Get("model.mlp_width", family == ModelFamily.Gpt2 ? 4 * width : (8 * width / 3 + 63) / 64 * 64),
            ContextLength = given.Get<int>("model.context"),
            TieEmbeddings = given.Get("model.tie_embeddings", dialled.TieEmbeddings),
            NormEpsilon = given.Get<double>("model.norm_epsilon"),
            RopeTheta = given.Get<double>("model.rope_theta"),
        };
        if (model.Validate().FirstOrDefault() is { } wrong)
        {
            var named = Settings.All.Select(static setting => setting.Key).Where(key => wrong.Contains(key, StringComparison.Ordinal));
            throw new UserErrorException($"{given.OriginOf([.. named])}: {wrong}");
        }

        return model;
    }

    private static TrainingOptions Training(GivenSettings given)
    {
        var steps = given.Get<int>("training.steps");
        var batch = given.Get<int>("training.batch");
        var lanes = given.Get<int>("training.lanes");
        if (!BitOperations.IsPow2(lanes))
            throw Refuse(given, $"training.lanes is {lanes}, but it must be a power of two; the nearest are {Below(lanes)} and {2 * Below(lanes)}.", "training.lanes");
        if (batch % lanes != 0)
            throw Refuse(given, $"training.batch {batch} is not a multiple of training.lanes {lanes}; make it one.", "training.batch", "training.lanes");

        var lane = batch / lanes;
        var micro = given.Get("training.micro_batch", 0);
        micro = micro == 0 ? lane : micro;
        if (lane % micro != 0)
        {
            throw Refuse(given, $"training.micro_batch {micro} does not divide the {lane} sequences of a lane (training.batch {batch} / training.lanes {lanes}); make it a divisor.",
                "training.micro_batch", "training.batch", "training.lanes");
        }

        var warmup = given.Get("training.warmup_steps", Math.Min(100, steps / 10));
        if (warmup >= steps)
            throw Refuse(given, $"training.warmup_steps {warmup} is not below training.steps {steps}; make it smaller.", "training.warmup_steps", "training.steps");

        var reset = given.Get<int>("training.momentum_reset_every");
        if (reset > 0 && reset <= Spam.ResetWarmup)
        {
            throw Refuse(given, $"training.momentum_reset_every {reset} is not more than the {Spam.ResetWarmup} updates in which the learning rate climbs back behind a reset; make it more, or 0.",
                "training.momentum_reset_every");
        }

        return new TrainingOptions
        {
            Steps = steps,
            Batch = batch,
            Lanes = lanes,
            MicroBatch = micro,
            LearningRate = given.Get<double>("training.learning_rate"),
            MinLearningRateRatio = given.Get<double>("training.min_learning_rate_ratio"),
            WarmupSteps = warmup,
            Beta1 = given.Get<double>("training.beta1"),
            Beta2 = given.Get<double>("training.beta2"),
            Epsilon = given.Get<double>("training.epsilon"),
            WeightDecay = given.Get<double>("training.weight_decay"),
            Clip = given.Get<double>("training.clip"),
            EmbeddingGradientShrink = given.Get<double>("model.embedding_gradient_shrink"),
            UpdateClipping = given.Get<bool>("training.update_clipping"),
            MomentumResetEvery = reset,
            SpikeAwareClipping = given.Get<double>("training.spike_aware_clipping"),
            Seed = given.Get<long>("training.seed"),
            Precision = given.Get<Precision>("training.precision"),
            Numerics = given.Get<NumericsMode>("training.numerics"),
            Device = given.Get<string>("training.device"),
            Threads = given.Get<int>("training.threads"),
        };
    }

    private static TrainersOptions Trainers(GivenSettings given, int lanes)
    {
        var count = given.Get<int>("trainers.count");
        if (count > lanes)
            throw Refuse(given, $"trainers.count {count} is more than training.lanes {lanes}, so some would have nothing to compute; make it at most {lanes}.", "trainers.count", "training.lanes");

        var options = new TrainersOptions
        {
            Count = count,
            Timeout = Seconds("trainers.timeout"),
            RetryInterval = Seconds("trainers.retry_interval"),
            RestartBackoffMin = Seconds("trainers.restart_backoff_min"),
            RestartBackoffMax = Seconds("trainers.restart_backoff_max"),
            MaxRestarts = given.Get<int>("trainers.max_restarts"),
            RestartWindow = Seconds("trainers.restart_window"),
        };
        if (options.RetryInterval >= options.Timeout / 4)
        {
            throw Refuse(
                given, Words($"trainers.retry_interval {options.RetryInterval.TotalSeconds} is not below a quarter of trainers.timeout {options.Timeout.TotalSeconds}, so a lost message would pass for a hung trainer; make it smaller."),
                "trainers.retry_interval", "trainers.timeout");
        }

        if (options.RestartBackoffMin > options.RestartBackoffMax)
        {
            throw Refuse(
                given, Words($"trainers.restart_backoff_min {options.RestartBackoffMin.TotalSeconds} is above trainers.restart_backoff_max {options.RestartBackoffMax.TotalSeconds}; make it at most that."),
                "trainers.restart_backoff_min", "trainers.restart_backoff_max");
        }

        // Otherwise the limit on restarts could never be reached: at the longest backoff too few of them fit into the window.
        var longest = options.MaxRestarts * options.RestartBackoffMax;
        return longest < options.RestartWindow ? options : throw Refuse(
            given, Words($"trainers.restart_window {options.RestartWindow.TotalSeconds} is over before trainers.max_restarts {options.MaxRestarts} restarts with waits of trainers.restart_backoff_max {options.RestartBackoffMax.TotalSeconds} are, so what always fails would never be given up; make it more than {longest.TotalSeconds}."),
            "trainers.restart_window", "trainers.max_restarts", "trainers.restart_backoff_max");

        TimeSpan Seconds(string key) => TimeSpan.FromSeconds(given.Get<double>(key));
    }

    private static CheckpointOptions Checkpoints(GivenSettings given)
    {
        var options = new CheckpointOptions
        {
            Every = given.Get<int>("checkpoints.every"),
            EveryMin = given.Get<int>("checkpoints.every_min"),
            EveryMax = given.Get<int>("checkpoints.every_max"),
            EveryMinutes = given.Get<double>("checkpoints.every_minutes"),
            Keep = given.Get<int>("checkpoints.keep"),
            KeepEvery = given.Get<int>("checkpoints.keep_every"),
            ProofSteps = given.Get<int>("checkpoints.proof_steps"),
            SnapshotEvery = given.Get<int>("checkpoints.snapshot_every"),
            Snapshots = given.Get<int>("checkpoints.snapshots"),
        };
        return options.EveryMin <= options.EveryMax ? options : throw Refuse(
            given, $"checkpoints.every_min {options.EveryMin} is above checkpoints.every_max {options.EveryMax}; make it at most that.", "checkpoints.every_min", "checkpoints.every_max");
    }

    private static string Words(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static UserErrorException Refuse(GivenSettings given, string sentence, params string[] keys) => new($"{given.OriginOf(keys)}: {sentence}");

    private static int Below(int lanes) => (int)BitOperations.RoundUpToPowerOf2((uint)lanes) / 2;
}
