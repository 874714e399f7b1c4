using ActorTrain.Actors.Spikes;
using ActorTrain.Host.Configuration;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;
using FsCheck;
using FsCheck.Fluent;

namespace ActorTrain.Host.Tests;

public sealed class ConfigurationTests
{
    private static RunConfiguration Read(params string[] sets) => RunFile.Parse("data:\n  path: d\n", "runs/book.yaml", sets);

    [Fact]
    public void Without_settings_the_defaults_make_a_model()
    {
        var configuration = Read();
        configuration.Run.ShouldBe(new RunOptions { Name = "book", Output = "runs" });
        configuration.Model.ShouldBe(ModelOptions.FromDepth(6));
        configuration.Training.MicroBatch.ShouldBe(4);
        configuration.Training.WarmupSteps.ShouldBe(100);
        configuration.ModelFor(777).VocabularySize.ShouldBe(777);
    }

    [Theory]
    [InlineData(1, ModelFamily.Gpt2, "gpt2")]
    [InlineData(12, ModelFamily.Gpt2, "gpt2")]
    [InlineData(5, ModelFamily.Llama, "llama")]
    public void The_dial_makes_the_model_that_the_models_library_makes(int depth, ModelFamily family, string word) =>
        Read($"model.depth={depth}", $"model.family={word}").Model.ShouldBe(ModelOptions.FromDepth(depth, family));

    [Fact]
    public void Explicit_sizes_are_taken_and_overrides_win_over_the_file()
    {
        const string Yaml = """
            run: { name: wide }
            model: { family: llama, layers: 2, width: 96, heads: 6, kv_heads: 2, mlp_width: 200, context: 64, tie_embeddings: true }
            data: { path: "a b" }
            training: { steps: 7, device: "cuda:1", seed: 9223372036854775807 }
            """;
        var configuration = RunFile.Parse(Yaml, "x.yaml", ["training.steps=9", "training.steps=8"]);
        configuration.Run.Name.ShouldBe("wide");
        configuration.Model.ShouldBe(new ModelOptions
        {
            Family = ModelFamily.Llama,
            Layers = 2,
            Width = 96,
            Heads = 6,
            KeyValueHeads = 2,
            MlpWidth = 200,
            ContextLength = 64,
            TieEmbeddings = true,
        });
        configuration.Data.Path.ShouldBe("a b");
        configuration.Training.Steps.ShouldBe(8);
        configuration.Training.WarmupSteps.ShouldBe(0);
        configuration.Training.Compute.Device.ShouldBe("cuda:1");
        configuration.Training.Seed.ShouldBe(long.MaxValue);
    }

    [Fact]
    public void The_file_of_a_run_that_was_extended_gives_the_configuration_it_was_started_with_whichever_steps_it_names()
    {
        using var runs = new TemporaryRuns();
        var file = Path.Combine(runs.Path, "book.yaml");
        var started = Again(40, null, 40);
        started.Training.WarmupSteps.ShouldBe(4);
        foreach (var (steps, extendTo) in ((int, long?)[])[(40, null), (90, null), (40, 200), (90, 200), (200, 200)])
        {
            var again = Again(steps, extendTo, 90);
            RunConfiguration.Differences(started, again).ShouldBeEmpty($"{steps} steps, extended to {extendTo}");
            again.Hash.ShouldBe(started.Hash);
        }

        Should.Throw<UserErrorException>(() => Again(200, null, 90)).Message.ShouldContain("--extend-to 200");
        foreach (var (steps, other) in ((int, string)[])[(30, ""), (200, "  seed: 7\n")])
        {
            var differences = RunConfiguration.Differences(started, Again(steps, null, 90, other))
                .Select(static difference => difference.Key);
            differences.ShouldBe(other.Length == 0 ? ["training.steps"] : ["training.steps", "training.seed"],
                "what follows from the steps is no difference of its own");
        }

        RunConfiguration Again(int steps, long? extendTo, long all, string more = "")
        {
            File.WriteAllText(file, $"data:\n  path: d\ntraining:\n  steps: {steps}\n{more}");
            return RunFile.ReadAgain(file, [], RunFile.Parse("data:\n  path: d\ntraining:\n  steps: 40\n", "book.yaml", []), () => all,
                extendTo);
        }
    }

    // Golden: a change of these digits means that no run that is there can be resumed.
    [Fact]
    public void The_hash_of_a_configuration_stays_what_it_is() =>
        Read().Hash.ShouldBe("6a64ac8dd11adb6af6d7c34d46c69395891de5c9a1f1f667b1b1153861599267");

    [Fact]
    public void The_hash_changes_with_every_key_that_matters_and_with_no_other()
    {
        var plain = Read();
        string[] mattering =
        [
            "model.family=llama", "model.layers=5", "model.width=768", "model.heads=3", "model.mlp_width=64", "model.context=32",
            "model.tie_embeddings=false", "model.norm_epsilon=1e-6", "model.rope_theta=5", "training.steps=999", "training.batch=64",
                "training.lanes=4",
            "training.micro_batch=2", "training.learning_rate=1e-3", "training.min_learning_rate_ratio=0", "training.warmup_steps=3",
                "training.beta1=0.8",
            "training.beta2=0.99", "training.epsilon=1e-7", "training.weight_decay=0", "training.clip=2", "training.seed=2",
                "training.precision=bfloat16",
            "training.numerics=portable", "model.embedding_gradient_shrink=0.1", "training.update_clipping=true",
                "training.momentum_reset_every=500",
            "training.spike_aware_clipping=5000",
            "spikes.rules=none", "spikes.persistence=0", "spikes.robust_z=5", "spikes.robust_z_joint=3", "spikes.robust_z_norm_multiple=9",
                "spikes.robust_z_window=65",
            "spikes.robust_z_warmup=33", "spikes.robust_z_loss_floor=0.2", "spikes.robust_z_norm_floor=0.3", "spikes.drift=9",
                "spikes.drift_window=65",
            "spikes.drift_slack=0.25", "spikes.drift_cap=3", "spikes.drift_floor=0.01", "spikes.mean_sigma=5",
                "spikes.mean_sigma_window=100", "spikes.mean_sigma_warmup=50",
            "spikes.mean_sigma_signals=loss", "spikes.first_max_signals=embedding_norm", "spikes.running_multiple_signals=lane_loss",
            "spikes.first_max=9", "spikes.first_max_samples=50", "spikes.running_multiple=3", "spikes.running_multiple_window=50",
                "spikes.running_multiple_patience=5",
            "spikes.zclip=3", "spikes.zclip_alpha=0.9", "spikes.zclip_warmup=20", "spikes.adagc=1.1", "spikes.adagc_beta=0.9",
                "spikes.adagc_absolute=2", "spikes.adagc_warmup=50",
            "spikes.momentum_reset_warmup=100", "spikes.veto_budget=5", "spikes.veto_window=500",
            "spikes.veto_cooldown=1", "spikes.rollback_budget=5", "spikes.rollback_window=500", "spikes.rollback_cooldown=1",
                "spikes.lower_rate_budget=5",
            "spikes.lower_rate_window=500", "spikes.lower_rate_cooldown=1", "spikes.rate_factor=0.25", "spikes.margin=20",
                "spikes.same_place=50", "spikes.widening=3",
            "spikes.max_skip=100",
        ];
        string[] harmless =
        [
            "run.name=other", "run.output=elsewhere", "data.path=moved", "training.device=cuda", "training.threads=1", "evaluation.every=5",
            "evaluation.batches=2", "checkpoints.every=7", "checkpoints.keep=1", "checkpoints.keep_every=1000",
            "checkpoints.snapshots=5", "checkpoints.every_min=3", "checkpoints.every_max=30", "checkpoints.every_minutes=1",
                "checkpoints.proof_steps=9", "checkpoints.snapshot_every=5", "trainers.count=2", "trainers.timeout=60",
                "trainers.retry_interval=1", "trainers.restart_backoff_min=0.25",
            "trainers.restart_backoff_max=5", "trainers.max_restarts=3", "trainers.restart_window=1000", "reducers.count=4",
            "journal.connection=Host=db", "journal.buffer=16", "journal.lease=9", "spikes.replay=false",
                "audit.every=7", "audit.corruption_limit=2",
                "audit.quarantine_limit=4",
        ];
        mattering.Select(set => Read(set).Hash).Append(plain.Hash).ShouldBeUnique();
        Read("model.family=llama", "model.kv_heads=3").Hash.ShouldNotBe(Read("model.family=llama").Hash);
        harmless.ShouldAllBe(set => Read(set).Hash == plain.Hash);

        var covered = mattering.Concat(harmless).Select(static set => set.Split('=')[0]).Append("model.kv_heads").Append("model.depth");
        covered.Except(Settings.ByKey.Keys).ShouldBeEmpty();
    }

    [Fact]
    public void Without_settings_spikes_are_judged_by_the_defaults_of_the_actors()
    {
        var spikes = Read().Spikes;
        spikes.ShouldBe(new SpikeOptions());
        Read("spikes.rules=zclip,  drift").Spikes.Rules.ShouldBe(["zclip", "drift"]);
        Read("spikes.rules=none").Spikes.Rules.ShouldBeEmpty();
        Read("spikes.rollback_budget=7", "spikes.rollback_window=8", "spikes.rollback_cooldown=9")
            .Spikes.Ladder.RollBack.ShouldBe(new RungLimits(7, 8, 9));
    }

    [Fact]
    public void Signals_are_named_in_any_order_and_the_default_leaves_the_hash_as_it_is()
    {
        var detection = Read("spikes.mean_sigma_signals=block_norm,lane_loss", "spikes.first_max_signals= embedding_norm ",
            "spikes.running_multiple_signals=gradient_norm,update_norm").Spikes;
        detection.MeanSigma.Signals.ShouldBe(new WatchedSignals(SpikeSignal.LaneLoss, SpikeSignal.BlockNorm));
        detection.FirstMax.Signals.ShouldBe(new WatchedSignals(SpikeSignal.EmbeddingNorm));
        detection.RunningMultiple.Signals.ShouldBe(new WatchedSignals(SpikeSignal.GradientNorm, SpikeSignal.UpdateNorm));

        // In the default's words or others, given or not: it is the run that was there before there were such options.
        Read("spikes.mean_sigma_signals=gradient_norm,loss", "spikes.first_max_signals=loss,gradient_norm",
            "spikes.running_multiple_signals=loss").Hash.ShouldBe(Read().Hash);
        CanonicalYaml.Write(Read("spikes.mean_sigma_signals=gradient_norm, loss"))
            .ShouldContain("\n  mean_sigma_signals: loss, gradient_norm\n");
    }

    // What the rules remember, in checkpoints and journal, is of the signals that they looked at: a run never resumes with others.
    [Fact]
    public void A_resume_with_other_signals_is_refused()
    {
        var error = Should.Throw<UserErrorException>(
            () => RunConfiguration.RequireSameResult(Read(), Read("spikes.mean_sigma_signals=loss, lane_loss")));
        error.Message.ShouldContain("spikes.mean_sigma_signals (loss, gradient_norm in the run, loss, lane_loss now)");
    }

    [Fact]
    public void A_resume_is_refused_with_the_keys_that_differ_and_allowed_where_none_matters()
    {
        var saved = Read();
        var error = Should.Throw<UserErrorException>(
            () => RunConfiguration.RequireSameResult(saved, Read("training.steps=2000", "training.seed=3", "evaluation.every=9")));
        error.Message.ShouldName(
            $"'book' in {Path.Combine("runs", "book")}", "training.steps (1000 in the run, 2000 now)",
            "training.seed (1 in the run, 3 now)", "run.name");
        error.Message.ShouldNotContain("evaluation.every");

        RunConfiguration.RequireSameResult(saved, Read("evaluation.every=9", "training.threads=3"));
        RunConfiguration.Differences(saved, Read("evaluation.every=9")).ShouldHaveSingleItem()
            .ShouldBe(new ConfigurationDifference("evaluation.every", "100", "9", Settings.ByKey["evaluation.every"].MayChangeBecause));
        RunConfiguration.Differences(saved, saved).ShouldBeEmpty();
    }

    [Fact]
    public void A_scaling_of_rotary_frequencies_has_the_published_defaults_and_none_leaves_the_hash_as_it_is()
    {
        Read("model.family=llama", "model.rope_scaling=none").Hash.ShouldBe(Read("model.family=llama").Hash);
        Read("model.family=llama").Model.RopeScaling.ShouldBe(default);
        Read("model.family=llama", "model.rope_scaling=yarn", "model.rope_factor=4", "model.rope_original_context=32768").Model.RopeScaling
            .ShouldBe(new RopeScaling
            {
                Type = RopeScalingType.Yarn,
                Factor = 4,
                OriginalContext = 32_768,
                BetaFast = 32,
                BetaSlow = 1,
                Truncate = true,
                AttentionFactor = 0.1 * Math.Log(4) + 1,
            });
        Read("model.family=llama", "model.rope_scaling=llama3", "model.rope_factor=8", "model.rope_original_context=8192",
            "model.rope_high_frequency_factor=3").Model.RopeScaling.ShouldBe(new RopeScaling
            {
                Type = RopeScalingType.Llama3,
                Factor = 8,
                OriginalContext = 8192,
                LowFrequencyFactor = 1,
                HighFrequencyFactor = 3,
            });
    }

    [Fact]
    public void The_canonical_file_of_any_configuration_reads_back_as_the_same()
    {
        var sets = from family in Gen.Elements("gpt2", "llama")
                   from depth in Gen.Choose(1, 20)
                   from lanes in Gen.Choose(0, 6)
                   from share in Gen.Choose(1, 9)
                   from steps in Gen.Choose(1, 100_000)
                   from rate in ArbMap.Default.GeneratorFor<NormalFloat>()
                   from path in ArbMap.Default.GeneratorFor<NonEmptyString>()
                   from seed in ArbMap.Default.GeneratorFor<long>()
                   from scaling in Gen.Elements("none", "linear", "llama3", "yarn")
                   from factor in Gen.Choose(1, 100)
                   select (string[])
                   [
                       .. family == "gpt2" || scaling == "none" ? (string[])[]
                           : [$"model.rope_scaling={scaling}", FormattableString.Invariant($"model.rope_factor={1 + factor / 7.0:R}")],
                       .. family == "gpt2" || scaling is "none" or "linear" ? (string[])[] : ["model.rope_original_context=4096"],
                       $"model.family={family}", $"model.depth={depth}",
                           $"training.lanes={1 << lanes}", $"training.batch={(1 << lanes) * share}",
                       $"training.steps={steps}",
                           FormattableString.Invariant($"training.learning_rate={Math.Abs(rate.Get) + double.Epsilon:R}"),
                       "data.path=x" + string.Concat(path.Get.Where(static c => !char.IsControl(c) && !char.IsSurrogate(c))) + "x",
                       $"training.seed={seed & long.MaxValue}",
                   ];
        Prop.ForAll(Arb.From(sets), given =>
        {
            var configuration = Read(given);
            var again = RunFile.Parse(CanonicalYaml.Write(configuration), "run.yaml", []);
            return again == configuration && again.Hash == configuration.Hash
                && CanonicalYaml.Write(again) == CanonicalYaml.Write(configuration);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Help_names_every_key_and_its_default()
    {
        var help = SettingsHelp.Write();
        foreach (var setting in Settings.All)
        {
            help.ShouldContain($"  {setting.Key.Split('.')[1]} ");
            help.ShouldContain(setting.Help);
            help.ShouldContain(setting.Default switch
            {
                null => "required\n",
                "" => "default none\n",
                var text => $"default {text}\n",
            });
        }
    }
}
