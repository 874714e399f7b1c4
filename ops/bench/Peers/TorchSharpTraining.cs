using ActorTrain.Models;
using ActorTrain.Models.Steps;
using ActorTrain.Models.Storage;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Bench.Peers;

/// <summary>Training of <see cref="TorchSharpGpt"/>: with parameters in bf16 over float32 master weights, or all in float32. Clipping by
/// foreach operations and fused AdamW, for which TorchSharp has no methods, are called through TorchScript.</summary>
internal sealed class TorchSharpTraining : IDisposable
{
    // The fused kernel divides the gradients as it reads them, so clipping costs no separate pass.
    private const string Script = """
        def divisor(gradients: List[Tensor], limit: float) -> Tensor:
            norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(gradients)))
            return torch.clamp((norm + 1e-6) / limit, min=1.0)

        def adamw(weights: List[Tensor], gradients: List[Tensor], means: List[Tensor], squares: List[Tensor],
                steps: List[Tensor], divisor: Tensor,
                  rate: float, beta1: float, beta2: float, decay: float, epsilon: float):
            torch._fused_adamw_(weights, gradients, means, squares, [], steps, lr=rate, beta1=beta1, beta2=beta2,
                weight_decay=decay, eps=epsilon,
                                amsgrad=False, maximize=False, grad_scale=divisor)

        def copy(to: List[Tensor], source: List[Tensor]):
            torch._foreach_copy_(to, source)

        """;

    private readonly jit.CompilationUnit script = jit.compile(Script);
    private readonly ReplicaOptions options;
    private readonly TorchSharpGpt model;
    private readonly Parameter[] parameters;
    private readonly Tensor[] masters;
    private readonly Tensor[]? masterGradients;
    private readonly Group[] groups;
    private readonly Tensor updates = zeros(1);
    private long step;

    /// <summary>Begins with the initial weights of our own training.</summary>
    public TorchSharpTraining(PeerTraining training)
    {
        options = Trainee.OptionsOf(training, lanes: 1);
        using var first = new FlatParameters(ModelLayout.Of(training.Model));
        Initialization.Initialize(first, training.Model, options.Seed);
        var entries = first.Layout.Entries;
        using var ungraded = no_grad();
        masters = [.. entries.Select(entry => first[entry.Name].Parameter.detach().clone())];
        var isMixed = training.Precision == Precision.BFloat16;
        parameters = [.. masters.Select(master => new Parameter(isMixed ? master.to(ScalarType.BFloat16) : master))];
        if (isMixed)
            masterGradients = [.. masters.Select(static master => zeros_like(master))];
        else
            masters = parameters;
        model = new TorchSharpGpt(training.Model,
            entries.Zip(parameters, static (entry, parameter) => KeyValuePair.Create(entry.Name, parameter)).ToDictionary());
        groups = [.. Enumerable.Range(0, entries.Count).GroupBy(i => entries[i].Decays)
            .Select(group => new Group([.. group], group.Key ? options.Optimizer.AdamW.WeightDecay : 0, masters))];
    }

    /// <returns>The loss.</returns>
    public double Step(Tensor tokens_BT, Tensor targets_N)
    {
        using var scope = NewDisposeScope();
        var loss = model.Loss(tokens_BT, targets_N);
        loss.backward();
        using var ungraded = no_grad();
        Tensor[] gradients = [.. parameters.Select(static parameter => parameter.grad!)];
        if (masterGradients is not null)
        {
            script.invoke("copy", masterGradients, gradients);
            gradients = masterGradients;
        }

        var divisor = script.invoke<Tensor>("divisor", gradients, options.Clip);
        var (constants, rate) = (options.Optimizer.AdamW, options.Schedule.At(step++));
        updates.add_(1);
        foreach (var group in groups)
        {
            script.invoke(
                "adamw", group.Masters, group.Of(gradients), group.Means, group.Squares, group.Of(_ => updates), divisor,
                rate, constants.Beta1, constants.Beta2, group.Decay, constants.Epsilon);
        }

        if (masterGradients is not null)
            script.invoke("copy", parameters, masters);
        foreach (var parameter in parameters)
            parameter.grad = null;
        return loss.item<float>();
    }

    /// <summary>Does nothing: the tensors live as long as the process.</summary>
    public void Dispose()
    {
        model.Dispose();
        script.Dispose();
    }

    /// <summary>Parameters with equal weight decay, and their optimizer state.</summary>
    private sealed class Group(int[] members, double decay, Tensor[] all)
    {
        public double Decay { get; } = decay;

        public Tensor[] Masters { get; } = [.. members.Select(i => all[i])];

        public Tensor[] Means { get; } = [.. members.Select(i => zeros_like(all[i]))];

        public Tensor[] Squares { get; } = [.. members.Select(i => zeros_like(all[i]))];

        public Tensor[] Of(Tensor[] tensors) => Of(i => tensors[i]);

        public Tensor[] Of(Func<int, Tensor> tensor) => [.. members.Select(tensor)];
    }
}
