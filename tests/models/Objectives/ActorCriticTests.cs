using System.Runtime.InteropServices;
using ActorTrain.Models.Batches;
using ActorTrain.Models.Objectives;
using ActorTrain.Models.Optimization;
using ActorTrain.Models.PostTraining.Policies;
using ActorTrain.Models.Rollouts;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using TorchSharp;
using static TorchSharp.torch;

namespace ActorTrain.Models.Tests.Objectives;

/// <summary>A policy and its critic in one vector, and the gradient of the loss of both.</summary>
public sealed class ActorCriticTests : IDisposable
{
    private const int Context = 24, Vocabulary = 61;
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void The_critics_gradient_is_that_of_the_reference_form_and_of_finite_differences(ModelFamily family)
    {
        var objective = Objective(new CriticOptions { Coefficient = 0.7, Clip = 0.3 });
        using var model = Build(family, fused: true);
        using var reference = Build(family, fused: false);
        var batch = Rollouts(model, isOnPolicy: false);
        var gradient = OfCritic(model, Gradient(objective, model, batch, out var value));
        var expected = OfCritic(model, Gradient(objective, reference, batch, out var valueOfReference));
        ModelGradient.Distance(gradient, expected).ShouldBeLessThan(1e-4);
        value.ShouldBe(valueOfReference, 1e-4);

        // Along the gradient the slope is its norm.
        var norm = Math.Sqrt(gradient.Sum(static one => (double)one * one));
        var offset = ModelLayout.CriticOffset(model.Options);
        var length = model.Parameters.Layout.Length - offset;
        using var part = model.Parameters.Weights.narrow(0, offset, length);
        var (weights, direction) = (part.clone(), model.Parameters.Gradients.narrow(0, offset, length).clone());
        const double h = 1e-3;
        ((At(h) - At(-h)) / (2 * h)).ShouldBe(norm, 0.02 * norm);

        double At(double distance)
        {
            using (no_grad())
                part.copy_(weights + direction * (distance / norm));
            model.Parameters.WeightsChanged();
            Gradient(objective, model, batch, out var there);
            return there;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_critic_changes_no_bit_of_the_policys_gradient_and_the_policy_none_of_the_critics(bool fused)
    {
        using var model = Build(ModelFamily.Gpt2, fused);
        using var alone = Build(ModelFamily.Gpt2, fused, hasCritic: false);
        var batch = Rollouts(model, isOnPolicy: true);
        var both = Gradient(Objective(), model, batch, out var loss);
        var policy = Gradient(new RolloutPolicy(new PolicyOptions(), 1), alone, batch, out var lossOfPolicy);
        both[..policy.Length].ShouldBe(policy);
        loss.ShouldBeGreaterThan(lossOfPolicy);

        var other = Gradient(Objective(policy: new PolicyOptions { EntropyCoefficient = 0.1 }), model, batch, out _);
        other[policy.Length..].ShouldBe(both[policy.Length..]);
        other[..policy.Length].ShouldNotBe(policy);
    }

    [Fact]
    public void A_value_of_training_is_that_of_sampling_to_the_bit_or_training_stops()
    {
        using var model = Build(ModelFamily.Llama, fused: true);
        var batch = Rollouts(model, isOnPolicy: true);
        Gradient(Objective(), model, batch, out _);
        batch.Values[CompletionRows.RowsOf(batch)[^1]] += 1e-7;
        Should.Throw<InvariantException>(() => Gradient(Objective(), model, batch, out _)).Message.ShouldContain("value of a token");
    }

    [Fact]
    public void Rows_that_do_not_count_have_no_gradient_and_nothing_is_left_of_an_earlier_one()
    {
        using var model = Build(ModelFamily.Gpt2, fused: true);
        var batch = Rollouts(model, isOnPolicy: true);
        Gradient(Objective(), model, batch, out _).ShouldContain(static one => one != 0);
        Array.Clear(batch.Mask);
        Gradient(Objective(), model, batch, out var loss).ShouldAllBe(static one => one == 0);
        loss.ShouldBe(0);
    }

    [Theory]
    [InlineData(ModelFamily.Gpt2)]
    [InlineData(ModelFamily.Llama)]
    public void The_vector_is_a_policys_and_behind_it_a_critics(ModelFamily family)
    {
        var options = Options(family);
        var (both, policy) = (ModelLayout.Of(options), ModelLayout.Of(options.ShapeOfPolicy()));
        var critic = ModelLayout.Of(options.ShapeOfCritic());
        var offset = ModelLayout.CriticOffset(options);
        Places(both).Take(policy.Entries.Count).ShouldBe(Places(policy));
        both.Entries.Skip(policy.Entries.Count).Select(entry => (entry.Name, entry.Offset - offset, entry.Count))
            .ShouldBe(critic.Entries.Select(static entry => ("critic." + entry.Name, entry.Offset, entry.Count)));
        both.Length.ShouldBe(policy.Length + critic.Length);
        Places(ModelLayout.OfBase(options)).ShouldBe(Places(policy));
        new ModelMemory(options).Vector.ShouldBe(
            new ModelMemory(options.ShapeOfPolicy()).Vector + new ModelMemory(options.ShapeOfCritic()).Vector);

        static IEnumerable<(string, long, long)> Places(FlatLayout layout) =>
            layout.Entries.Select(static entry => (entry.Name, entry.Offset, entry.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_critic_begins_with_the_base_model_or_a_reward_model_and_values_of_zero(bool hasReward)
    {
        var options = Options(ModelFamily.Gpt2);
        using var language = Trained(options.ShapeOfPolicy(), 5);
        using var reward = Trained(options.ShapeOfCritic(), 6);
        using var model = new Transformer(options, new FlatParameters(ModelLayout.Of(options)));
        Initialization.Initialize(model.Parameters, options, seed: 7, Buffer(language), hasReward ? Buffer(reward) : null);
        foreach (var entry in language.Layout.Entries)
        {
            var critic = model.Parameters["critic." + entry.Name].Parameter;
            Bytes(model.Parameters[entry.Name].Parameter).ShouldBe(Bytes(language[entry.Name].Parameter));
            Bytes(critic).ShouldBe(Bytes((hasReward ? reward : language)[entry.Name].Parameter));
        }

        ScalarScores.OfCompletions(model.Critic!, Rollouts(model, isOnPolicy: true)).ShouldAllBe(static value => value == 0);

        static byte[] Bytes(Tensor tensor) => tensor.detach().contiguous().bytes.ToArray();
    }

    [Fact]
    public void The_critics_learning_rate_has_a_factor_of_its_own()
    {
        var (equal, faster) = (Updated(1), Updated(3));
        var offset = (int)ModelLayout.CriticOffset(Options(ModelFamily.Gpt2));
        faster[..offset].ShouldBe(equal[..offset]);
        for (var i = offset; i < equal.Length; i++)
            faster[i].ShouldBe(3 * equal[i], 1e-6);

        static float[] Updated(double factor)
        {
            using var replica = new Replica(new ReplicaOptions
            {
                Model = Options(ModelFamily.Gpt2),
                Precision = Precision.Float32,
                Schedule = new LearningRateSchedule(0.001, 0, 10),
                CriticRateFactor = factor,
                Optimizer = new OptimizerOptions { AdamW = new AdamWOptions { WeightDecay = 0 } },
            });
            using var before = replica.Parameters.Weights.clone();
            using var gradient = ones_like(before);
            replica.Apply(new GradientSum(gradient, 0), new StepMeasure(0, 0, 1));
            using var change = replica.Parameters.Weights - before;
            return MemoryMarshal.Cast<byte, float>(change.bytes).ToArray();
        }
    }

    // RLinf#1359: after the warm-up of the critic there was another optimizer, and the schedule went on with the one before, so that no resume
    // found both. Here the warm-up is a rate, and one state holds the moments of policy and critic.
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_resume_within_the_warm_up_or_behind_it_has_the_bits_of_policy_and_critic(int interrupted)
    {
        using var undisturbed = Begin();
        Train(undisturbed, 0, 6);
        using var first = Begin();
        Train(first, 0, interrupted);
        using HostBuffer weights = Vector(), firstMoment = Vector(), secondMoment = Vector();
        first.CopyTo(weights, firstMoment, secondMoment);
        using var second = Begin();
        second.CopyFrom(weights, firstMoment, secondMoment);
        Train(second, interrupted, 6);
        second.HashState().ShouldBe(undisturbed.HashState());

        static Replica Begin() => new(new ReplicaOptions
        {
            Model = Options(ModelFamily.Gpt2),
            Precision = Precision.Float32,
            Schedule = new LearningRateSchedule(0.001, WarmupSteps: 3, 10),
            CriticRateFactor = 5,
        });

        // A gradient of the weights, so that every difference between them shows later.
        static void Train(Replica replica, int from, int to)
        {
            for (var step = from; step < to; step++)
            {
                using var gradient = replica.Parameters.Weights * (1 + step) + 0.01f;
                replica.Apply(new GradientSum(gradient, 0), new StepMeasure(step, 0, 1));
            }
        }

        static HostBuffer Vector() => new(ModelLayout.Of(Options(ModelFamily.Gpt2)).Length * sizeof(float));
    }

    private static ActorCritic Objective(CriticOptions? critic = null, PolicyOptions? policy = null) =>
        new(new RolloutPolicy(policy ?? new PolicyOptions(), 1), critic ?? new CriticOptions());

    // What the model itself says of some texts, and any returns.
    private static RolloutBatch Rollouts(Transformer model, bool isOnPolicy)
    {
        var random = new Random(3);
        var texts = Enumerable.Range(1, 5).Select(i => (Ids(i), Ids(6 - i))).ToList();
        var tokens = CompletionRows.Of(texts);
        var rows = CompletionRows.RowsOf(tokens);
        var values = new double[tokens.Inputs.Length];
        foreach (var (row, value) in rows.Zip(ScalarScores.OfCompletions(model.Critic!, tokens)))
            values[row] = value + (isOnPolicy ? 0 : random.NextDouble() - 0.5);
        return new RolloutBatch(tokens.Inputs, tokens.Targets, tokens.Ends!)
        {
            Behaviour = [.. SequenceScores.LossesOf(model, tokens).Select(static loss => -(double)loss)],
            Reference = [],
            Advantages = Any(),
            Values = values,
            Returns = Any(),
            Mask = [.. tokens.Targets.Select((target, row) => target != TokenBatch.NoTarget && row % 7 != 3)],
            Step = new StepCounts(40, 9),
            IsOnPolicy = isOnPolicy,
        };

        EquatableArray<int> Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(Vocabulary))];

        double[] Any() => [.. tokens.Targets.Select(_ => 2 * random.NextDouble() - 1)];
    }

    private static float[] Gradient(IObjective objective, Transformer model, TokenBatch batch, out double value)
    {
        var loss = 0.0;
        var gradient = ModelGradient.Of(model, () => loss = objective.Add(model, batch, 1).Loss);
        value = loss;
        return gradient;
    }

    private static float[] OfCritic(Transformer model, float[] gradient) =>
        gradient[(int)ModelLayout.Of(model.Options.ShapeOfPolicy()).ParameterCount..];

    private static ModelOptions Options(ModelFamily family) => ModelOptions.FromDepth(1, family) with
    {
        ContextLength = Context,
        VocabularySize = Vocabulary,
        Critic = true,
    };

    private static Transformer Build(ModelFamily family, bool fused, bool hasCritic = true)
    {
        var options = Options(family) with { Critic = hasCritic };
        var parameters = Trained(options, seed: 5);
        if (hasCritic)
        {
            using var values = no_grad();
            parameters["critic." + ModelLayout.ScoreWeight].Parameter.copy_(ones(1, options.Width) / options.Width);
        }

        return new Transformer(options, parameters, Precision.Float32, fused);
    }

    private static FlatParameters Trained(ModelOptions options, ulong seed)
    {
        var parameters = new FlatParameters(ModelLayout.Of(options));
        Initialization.Initialize(parameters, options, seed);
        return parameters;
    }

    private static HostBuffer Buffer(FlatParameters parameters)
    {
        var buffer = new HostBuffer(parameters.Layout.Length * sizeof(float));
        parameters.Weights.CopyTo(buffer);
        return buffer;
    }
}
