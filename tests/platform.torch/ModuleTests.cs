using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ActorTrain.Platform.Torch.Tests;

public sealed class ModuleTests
{
    private sealed class Block : nn.Module<Tensor, Tensor>
    {
        private readonly Linear inner, outer;
        private readonly LayerNorm norm;
        private readonly Tensor offset;

        public Block(int width) : base(nameof(Block))
        {
            norm = nn.LayerNorm(width);
            inner = nn.Linear(width, 2 * width);
            outer = nn.Linear(2 * width, width, hasBias: false);
            offset = zeros(width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            var h = norm.call(input);
            h = nn.functional.scaled_dot_product_attention(h, h, h, is_casual: true);
            return input + outer.call(nn.functional.gelu(inner.call(h))) + offset;
        }
    }

    private sealed class Model : nn.Module<Tensor, Tensor>
    {
        private readonly Embedding tokens;
        private readonly ModuleList<Block> blocks;
        private readonly Dropout dropout = nn.Dropout(0.5);
        private readonly Parameter scale = new(ones(1));

        public Model(int width = 8) : base(nameof(Model))
        {
            tokens = nn.Embedding(11, width);
            blocks = nn.ModuleList(new Block(width), new Block(width));
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            var x = dropout.call(tokens.call(input));
            foreach (var block in blocks) x = block.call(x);
            return x.matmul(tokens.weight.t()) * scale;
        }
    }

    private static string Folder() => Directory.CreateTempSubdirectory("torch-tests-").FullName;

    [Fact]
    public void Components_are_registered_under_their_fields_names()
    {
        using var model = new Model();
        model.named_parameters().Select(own => own.name).ShouldBe(
        [
            "scale", "tokens.weight",
            "blocks.0.inner.weight", "blocks.0.inner.bias", "blocks.0.outer.weight", "blocks.0.norm.weight", "blocks.0.norm.bias",
            "blocks.1.inner.weight", "blocks.1.inner.bias", "blocks.1.outer.weight", "blocks.1.norm.weight", "blocks.1.norm.bias",
        ]);
        model.named_buffers().Select(own => own.name).ShouldBe(["blocks.0.offset", "blocks.1.offset"]);
        model.state_dict().Count.ShouldBe(14);
        model.parameters().ShouldAllBe(parameter => parameter.requires_grad && parameter.is_leaf);
    }

    [Fact]
    public void A_parameter_takes_its_tensor_over_and_stays_in_its_scope()
    {
        using var outer = NewDisposeScope();
        var data = arange(3f);
        Parameter parameter;
        using (NewDisposeScope()) parameter = new Parameter(data);
        data.IsInvalid.ShouldBeTrue();
        Should.Throw<InvalidOperationException>(() => data.sum());
        Should.Throw<InvalidOperationException>(() => new Parameter(data));
        parameter.requires_grad.ShouldBeTrue();
        parameter.data<float>().ToArray().ShouldBe([0, 1, 2]);
        outer.Contains(parameter).ShouldBeTrue();
        outer.Contains(data).ShouldBeFalse();
        using var constant = new Parameter(zeros(1), requires_grad: false);
        constant.requires_grad.ShouldBeFalse();
    }

    [Fact]
    public void Modes_and_types_reach_every_part()
    {
        using var scope = NewDisposeScope();
        using var model = new Model();
        var ids = tensor(new long[,] { { 1, 2, 3 } });
        model.call(ids).equal(model.call(ids)).ShouldBeFalse();
        model.eval();
        model.call(ids).equal(model.call(ids)).ShouldBeTrue();
        model.to(ScalarType.BFloat16).call(ids).dtype.ShouldBe(ScalarType.BFloat16);
        model.parameters().ShouldAllBe(parameter => parameter.dtype == ScalarType.BFloat16);
    }

    [Fact]
    public void Saved_state_is_read_back_bit_for_bit()
    {
        var file = Path.Combine(Folder(), "model.dat");
        using var model = new Model();
        using var twin = new Model();
        model.save(file);
        twin.load(file);
        foreach (var (name, value) in model.state_dict()) twin.state_dict()[name].equal(value).ShouldBeTrue(name);

        // The layout of the format itself: count, name, type, rank, sizes, elements.
        var bytes = File.ReadAllBytes(file);
        bytes[0].ShouldBe((byte)14);
        bytes[1].ShouldBe((byte)"scale".Length);
        bytes[7..10].ShouldBe([(byte)ScalarType.Float32, 1, 1]);
        BitConverter.ToSingle(bytes, 10).ShouldBe(1);

        using var other = new Model(width: 4);
        var before = other.state_dict()["scale"].ToSingle();
        Should.Throw<ArgumentException>(() => other.load(file)).Message.ShouldContain("[11, 4]");
        other.state_dict()["scale"].ToSingle().ShouldBe(before);
        File.WriteAllBytes(file, bytes[..^5]);
        Should.Throw<EndOfStreamException>(() => twin.load(file));
        using var linear = nn.Linear(2, 2);
        Should.Throw<InvalidOperationException>(() => linear.load_state_dict(model.state_dict())).Message.ShouldContain("weight");
    }

    [Fact]
    public void A_large_sparse_number_keeps_its_bytes_in_a_file()
    {
        var file = Path.Combine(Folder(), "tensor.dat");
        using var scope = NewDisposeScope();
        var wide = arange(3_000_000, dtype: ScalarType.Int32).view(3, 1_000_000).t();
        torch.save(wide, file);
        torch.load(file).equal(wide).ShouldBeTrue();
    }

    [Fact]
    public void Training_lowers_the_loss_and_keeps_memory_flat()
    {
        // The runtime's own memory is held still, so that what grows is the platform's: code compiled once, a collector of fixed budget.
        var lines = ChildProgram.Run("train", ("DOTNET_TieredCompilation", "0"), ("DOTNET_gcConcurrent", "0"), ("DOTNET_GCgen0size", "200000")).Output.Split('\n');
        var (first, last) = (double.Parse(lines[0], CultureInfo.InvariantCulture), double.Parse(lines[1], CultureInfo.InvariantCulture));
        var (before, after) = (double.Parse(lines[2], CultureInfo.InvariantCulture), double.Parse(lines[3], CultureInfo.InvariantCulture));
        last.ShouldBeLessThan(first * 0.8);
        ((after - before) / before).ShouldBeLessThan(0.01, $"resident memory went from {before} to {after} bytes");
    }

    /// <summary>The child of the test above: first and last loss, resident memory before and after a thousand steps.</summary>
    internal static void Train()
    {
        using var model = new Model(32);
        model.eval();
        using var generator = new Generator(3);
        using var ids = randint(0, 11, (8L, 33L), generator: generator);
        double Step()
        {
            using var scope = NewDisposeScope();
            var logits = model.call(ids[TensorIndex.Colon, ..^1]);
            var loss = nn.functional.cross_entropy(logits.reshape(-1, 11), ids[TensorIndex.Colon, 1..].reshape(-1));
            model.zero_grad();
            loss.backward();
            using var mode = no_grad();
            foreach (var parameter in model.parameters()) parameter.sub_(parameter.grad! * 0.05);
            return loss.ToDouble();
        }

        var first = Step();
        // Until the heaps have reached their own size; looking costs memory, too, the first time.
        Resident();
        for (var i = 0; i < 1500; i++) Step();
        var before = Resident();
        var last = 0.0;
        for (var i = 0; i < 1000; i++) last = Step();
        var after = Resident();
        foreach (var number in new[] { first, last, before, after }) Console.WriteLine(number.ToString(CultureInfo.InvariantCulture));
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    [Fact]
    public void Losses_and_layers_have_their_closed_forms()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new double[,] { { 1, 2, 3 }, { 0, 0, 0 } });
        var target = tensor(new long[] { 2, -100 });
        var expected = Math.Log(Math.Exp(1) + Math.Exp(2) + Math.Exp(3)) - 3;
        nn.functional.cross_entropy(logits, target).ToDouble().ShouldBe(expected, 1e-12);
        nn.functional.cross_entropy(logits, tensor(new long[] { 2, 1 }), reduction: nn.Reduction.Sum).ToDouble().ShouldBe(expected + Math.Log(3), 1e-12);
        nn.functional.layer_norm(tensor(new double[] { 1, 3 }), [2], eps: 0).data<double>().ToArray().ShouldBe([-1, 1], 1e-12);
        nn.functional.one_hot(tensor(new long[] { 1 }), 3).data<long>().ToArray().ShouldBe([0, 1, 0]);
        var x = 0.7;
        var byTanh = 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));
        nn.functional.gelu(tensor(x), GELU.Approximate.tanh).ToDouble().ShouldBe(byTanh, 1e-12);
        using var table = nn.Embedding(3, 2);
        table.call(tensor(new long[] { 2 })).flatten().equal(table.weight[2]).ShouldBeTrue();
    }
}
